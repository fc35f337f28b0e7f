"""Files out of Debian packages: got with apt-get, from .deb files, or from an unpacked tree; no rights are needed.

A .deb is an `ar` archive with a tar archive `data.tar.*` in it. It is read as a stream and only what is wanted is
kept: unpacking a large package would write hundreds of megabytes.
"""

from __future__ import annotations

import lzma
import os
import shutil
import subprocess
import tarfile
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_AR_MAGIC = b"!<arch>\n"
_LARGEST_FILE = 1 << 26  # of a picture in a package


class PackageError(RuntimeError):
    """A package can't be had or read; the message says which, and what to do."""


def read_tree(tree: Path, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """(path, content) of the wanted files in an unpacked package; files that are not there are left out."""
    for path in wanted:
        file = tree / path
        if file.is_file():
            yield path, file.read_bytes()


def read_deb(deb: Path, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """(path, content) of the wanted files in a .deb, in its order; files that are not there are left out.

    Raises:
        PackageError: the file is no package, is cut short, or its compression can't be read here.
    """
    left = set(wanted)
    try:
        with _open_data(deb) as stream, tarfile.open(fileobj=stream, mode="r|*") as archive:
            for member in archive:
                path = member.name.removeprefix("./").lstrip("/")
                if path not in left or not member.isreg():
                    continue
                left.discard(path)
                if member.size > _LARGEST_FILE:
                    raise PackageError(f"{deb}: {path} has {member.size} bytes, as no picture has: get it again")
                content = archive.extractfile(member)
                assert content is not None, "a regular file has content"
                yield path, content.read()
                if not left:
                    return
    except PackageError:
        raise
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise PackageError(f"{deb} can't be read as a Debian package ({error}): get it again") from error


def find_deb(folder: Path, package: str) -> Path | None:
    """The .deb of a package in a folder, by its name `PACKAGE_VERSION_ARCHITECTURE.deb`; the newest if it has some."""
    found = [path for path in folder.glob(f"{package}_*.deb") if path.is_file()]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def download(package: str, folder: Path, report: Callable[[int], None] | None = None) -> Path:
    """Download a package with apt-get, from the sources that this machine is set up for; nothing is installed.

    Package lists are first looked for where the machine keeps them. When it has none, or stale ones, they are
    fetched into the folder, which needs no rights.

    Args:
        package: its name.
        folder: an empty folder to download into.
        report: called now and then with the number of bytes that have arrived.

    Returns:
        The .deb.

    Raises:
        PackageError: no apt-get, no network, or no such package.
    """
    if shutil.which("apt-get") is None:
        raise PackageError("there is no apt-get here (it comes with Debian and Ubuntu)")
    first = apt_get(["download", package], folder, report=report)
    if first is not None:
        own = _own_state(folder)
        second = apt_get(["update"], folder, own) or apt_get(["download", package], folder, own, report)
        if second is not None:
            raise PackageError(f"apt-get can't download {package}:\n{second or first}")
    deb = find_deb(folder, package)
    if deb is None:
        raise PackageError(f"apt-get left no {package}_*.deb in {folder}")
    return deb


def _own_state(folder: Path) -> dict[str, Path]:
    """Options by which apt-get keeps its package lists in our folder; where to get packages stays the machine's."""
    state, cache = folder / "apt" / "state", folder / "apt" / "cache"
    (state / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (cache / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    options = {"Dir::State": state, "Dir::State::lists": state / "lists", "Dir::Cache": cache}
    return {key: value.resolve() for key, value in options.items()}


def apt_get(
    arguments: list[str],
    folder: Path,
    options: Mapping[str, object] | None = None,
    report: Callable[[int], None] | None = None,
) -> str | None:
    """Run apt-get in a folder.

    Args:
        arguments: what it is to do.
        folder: that it may write to; what it says is kept there.
        options: of its configuration, by name; paths are absolute.
        report: called now and then with the number of bytes that have arrived in the folder.

    Returns:
        None when it went well, else the end of what it said.
    """
    log = folder / "apt.log"
    # The unprivileged user that apt-get switches to as root has no access to our folder.
    as_root = {"APT::Sandbox::User": "root"} if hasattr(os, "geteuid") and os.geteuid() == 0 else {}
    given = [part for key, value in (as_root | dict(options or {})).items() for part in ("-o", f"{key}={value}")]
    with log.open("wb") as sink:
        command = ["apt-get", "-q", *given, *arguments]
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
        try:
            while process.poll() is None:
                time.sleep(0.05)
                if report is not None:
                    report(sum(path.stat().st_size for path in list(folder.glob("*.deb"))))
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    said = log.read_text(errors="replace", encoding="utf-8")
    # `update` exits with 0 when no source answered; it says so with a line "W: Failed to fetch".
    failed = process.returncode != 0 or "Failed to fetch" in said
    return "\n".join(said.strip().splitlines()[-6:]) if failed else None


@contextmanager
def _open_data(deb: Path) -> Iterator[IO[bytes]]:
    """The tar archive of a package as a stream: dpkg-deb decompresses what it can, else Python reads it."""
    if shutil.which("dpkg-deb") is None:
        with deb.open("rb") as file:
            _seek_data(file, deb)
            yield file
        return
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None, "stdout is a pipe"
        try:
            yield process.stdout
        finally:
            process.kill()


def _seek_data(file: IO[bytes], deb: Path) -> None:
    """Go to the first byte of `data.tar.*` in an `ar` archive: 60-byte headers, members padded to even sizes."""
    if file.read(len(_AR_MAGIC)) != _AR_MAGIC:
        raise PackageError(f"{deb} is no Debian package: get it again")
    while len(header := file.read(60)) == 60:
        name = header[:16].decode("ascii", "replace").strip().rstrip("/")
        if name.startswith("data.tar"):
            if name.endswith(".zst"):
                raise PackageError(f"{deb} is compressed with zstd: unpack it with dpkg-deb or bsdtar first")
            return
        digits = header[48:58].strip()
        if not digits.isdigit():
            raise PackageError(f"{deb} is no Debian package ({name!r} has no size): get it again")
        size = int(digits)
        file.seek(size + size % 2, os.SEEK_CUR)
    raise PackageError(f"{deb} holds no data.tar: get it again")
