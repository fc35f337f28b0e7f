#!/usr/bin/env python3
"""Get a headless Chromium for the tests of pages, without root: the machine's own, else Debian's package.

    python tools/fetch_browser.py .venv/browser        # prints the program to start

A browser that is there ($CHROME, or a usual name on the PATH) is taken. Otherwise apt-get, where it exists, downloads
Debian's chromium-headless-shell, the libraries that it lacks and, where the machine has none, fonts; they are unpacked
into the folder. Nothing is installed. Where none can be had, the reason is kept in TARGET/why_not.txt.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from dnt_d2.minivid.packages import apt_get

NAMES = ("chromium", "chromium-headless-shell", "google-chrome", "chrome-headless-shell")
PACKAGE, FONTS = "chromium-headless-shell", "fonts-dejavu-core"
_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
# Starts the unpacked program with the libraries, and where there were none the fonts, that lie beside it.
_WRAPPER = """#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)/root
libraries=$(find "$here/lib" "$here/usr/lib" -name '*.so*' -exec dirname {{}} + 2>/dev/null | sort -u | tr '\\n' ':')
export LD_LIBRARY_PATH="$libraries$LD_LIBRARY_PATH"
if [ ! -f /etc/fonts/fonts.conf ]; then export FONTCONFIG_FILE="$here/etc/fonts/fonts.conf"; fi
if [ -d "$here/usr/share/fonts" ]; then export XDG_DATA_HOME="$here/usr/share"; fi
exec "$here/{program}" "$@"
"""


class BrowserError(RuntimeError):
    """No browser can be had; the message says why, and what to do."""


def find_browser(target: Path | None = None) -> Path | None:
    """A browser that is there: $CHROME, one on the PATH, or the one fetched into ``target``; None without any.

    Raises:
        BrowserError: $CHROME names no program.
    """
    named = os.environ.get("CHROME")
    if named:
        found = shutil.which(named)
        if found is None:
            raise BrowserError(f"$CHROME is {named}, which is no program: correct or unset it")
        return Path(found)
    fetched = [str(target / "chromium")] if target is not None else []
    return next((Path(path) for path in map(shutil.which, [*NAMES, *fetched]) if path is not None), None)


def fetch(target: Path) -> Path:
    """Find a browser, or download one into a folder.

    Args:
        target: folder for it; made where it is missing. A download that was broken off is begun anew.

    Returns:
        The program to start.

    Raises:
        BrowserError: none is there and none can be had.
    """
    found = find_browser(target)
    if found is not None:
        return found
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise BrowserError(f"no browser, and no {tool} to get one with: install Chromium, or set $CHROME")
    folder, root = target / "download", target / "root"
    for old in (folder, root):
        shutil.rmtree(old, ignore_errors=True)
    debs = _download([PACKAGE] if _has_fonts() else [PACKAGE, FONTS], folder)
    for deb in debs:
        _run(["dpkg-deb", "-x", str(deb), str(root)], f"{deb.name} can't be unpacked")
    shutil.rmtree(folder)
    return _write_wrapper(target, root)


def _has_fonts() -> bool:
    folders = [Path(name).expanduser() for name in _FONT_FOLDERS]
    return any(next(folder.rglob("*.[to]tf"), None) is not None for folder in folders if folder.is_dir())


def _download(packages: list[str], folder: Path) -> list[Path]:
    """The .deb files of the packages and of what they need and the machine lacks."""
    folder = folder.resolve()
    archives = folder / "archives"
    (archives / "partial").mkdir(parents=True)
    options: dict[str, object] = {"Dir::Cache::archives": archives, "Debug::NoLocking": "true"}  # locks need root
    options |= {"Acquire::http::Timeout": "20", "Acquire::Retries": "1"}
    command = ["install", "-y", "--download-only", "--no-install-recommends", *packages]
    first = apt_get(command, folder, options)
    if first is not None:  # no lists of packages, or old ones: get them into our folder
        (folder / "lists" / "partial").mkdir(parents=True)
        options |= {"Dir::State::lists": folder / "lists", "Dir::Cache": folder}
        second = apt_get(["update"], folder, options) or apt_get(command, folder, options)
        if second is not None:
            raise BrowserError(
                f"apt-get can't download {PACKAGE}: install Chromium, or set $CHROME. It said:\n{second}"
            )
    return sorted(archives.glob("*.deb"))


def _write_wrapper(target: Path, root: Path) -> Path:
    """Write the program that starts the unpacked one, after a try."""
    names = ("headless_shell", "chromium-headless-shell", "chrome-headless-shell")
    places = [path for name in names for path in sorted(root.glob(f"usr/lib/**/{name}")) if path.is_file()]
    if not places:
        raise BrowserError(f"{root} holds no headless Chromium: the package is laid out in another way than expected")
    trial = target / "trial"
    trial.write_text(_WRAPPER.format(program=places[0].relative_to(root)), encoding="utf-8")
    trial.chmod(0o755)
    _run([str(trial), "--version"], "the browser was unpacked, but does not start")
    return trial.rename(target / "chromium")


def _run(command: list[str], trouble: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise BrowserError(f"{trouble}:\n{done.stdout.decode(errors='replace').strip()}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, help="folder for the browser, such as .venv/browser")
    target = parser.parse_args().target
    try:
        program = fetch(target)
    except (BrowserError, OSError) as error:
        target.mkdir(parents=True, exist_ok=True)
        (target / "why_not.txt").write_text(f"{error}\n", encoding="utf-8")
        print(error, file=sys.stderr)
        return 1
    (target / "why_not.txt").unlink(missing_ok=True)
    print(program)
    return 0


if __name__ == "__main__":
    sys.exit(main())
