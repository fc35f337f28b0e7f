"""Files come out of Debian packages with dpkg-deb and without it; apt-get's failures are told as they are."""

from __future__ import annotations

import io
import shutil
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from dnt_d2.minivid import packages
from dnt_d2.minivid.packages import PackageError, download, find_deb, read_deb, read_tree

FILES = {"usr/share/a/one.txt": b"one", "usr/share/a/two.txt": b"two" * 50_000, "usr/share/b/three": b""}


def _member(name: str, content: bytes) -> bytes:
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
    assert len(header) == 60
    return header + content + b"\n" * (len(content) % 2)


def make_deb(path: Path, files: dict[str, bytes], compression: str = "xz") -> Path:
    """A .deb written by hand, as dpkg-deb would: an `ar` archive with two tar archives."""
    archives = []
    for content in ({"control": b"Package: a\nVersion: 1\nArchitecture: all\nMaintainer: me\nDescription: b\n"}, files):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode=f"w:{compression}", format=tarfile.GNU_FORMAT) as archive:  # type: ignore[call-overload]
            for name, data in content.items():
                entry = tarfile.TarInfo(f"./{name}")
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
        archives.append(buffer.getvalue())
    control, data = archives
    parts = [("debian-binary", b"2.0\n"), (f"control.tar.{compression}", control), (f"data.tar.{compression}", data)]
    path.write_bytes(b"!<arch>\n" + b"".join(_member(name, content) for name, content in parts))
    return path


@pytest.fixture(params=["dpkg-deb", "python"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to read a package."""
    if request.param == "python":
        monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    elif shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not here")
    return str(request.param)


def test_nothing_wanted(tmp_path: Path, reader: str) -> None:
    assert list(read_deb(make_deb(tmp_path / "a_1_all.deb", FILES), [])) == []
    assert list(read_tree(tmp_path, [])) == []


@pytest.mark.parametrize("compression", ["xz", "gz"])
def test_only_wanted_files_are_read(tmp_path: Path, reader: str, compression: str) -> None:
    deb = make_deb(tmp_path / "a_1_all.deb", FILES, compression)
    assert dict(read_deb(deb, FILES)) == FILES
    assert dict(read_deb(deb, ["usr/share/a/one.txt", "usr/not/there"])) == {"usr/share/a/one.txt": b"one"}


def test_a_package_built_by_dpkg_deb(tmp_path: Path) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not here")
    tree = tmp_path / "tree"
    for name, content in FILES.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN" / "control").write_text(
        "Package: a\nVersion: 1\nArchitecture: all\nMaintainer: me <me@here>\nDescription: b\n"
    )
    deb = tmp_path / "a_1_all.deb"
    subprocess.run(["dpkg-deb", "-Zxz", "--build", str(tree), str(deb)], check=True, capture_output=True)
    assert dict(read_deb(deb, FILES)) == dict(read_tree(tree, FILES)) == FILES
    with deb.open("rb") as file:  # without dpkg-deb
        packages._seek_data(file, deb)
        with tarfile.open(fileobj=file, mode="r|*") as archive:
            assert {m.name.removeprefix("./") for m in archive if m.isreg()} == set(FILES)


@pytest.mark.parametrize("content", [b"", b"not a package", b"!<arch>\n" + _member("debian-binary", b"2.0\n")])
def test_what_is_no_package_is_named(tmp_path: Path, reader: str, content: bytes) -> None:
    deb = tmp_path / "a_1_all.deb"
    deb.write_bytes(content)
    with pytest.raises(PackageError, match=r"a_1_all\.deb.*get it again"):
        list(read_deb(deb, FILES))


def test_a_package_cut_short_is_named(tmp_path: Path, reader: str) -> None:
    deb = make_deb(tmp_path / "a_1_all.deb", FILES, "gz")
    deb.write_bytes(deb.read_bytes()[:-60])
    with pytest.raises(PackageError, match=r"a_1_all\.deb.*get it again"):
        list(read_deb(deb, FILES))


def test_zstd_without_dpkg_deb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    deb = tmp_path / "a_1_all.deb"
    deb.write_bytes(b"!<arch>\n" + _member("data.tar.zst", b"xyz"))
    with pytest.raises(PackageError, match="zstd"):
        list(read_deb(deb, FILES))


def test_find_deb_goes_by_the_whole_name(tmp_path: Path) -> None:
    assert find_deb(tmp_path, "tux") is None
    (tmp_path / "tux-data_1_all.deb").touch()
    assert find_deb(tmp_path, "tux") is None
    (tmp_path / "tux_1%3a2_all.deb").touch()
    assert find_deb(tmp_path, "tux") == tmp_path / "tux_1%3a2_all.deb"


def _fake_apt_get(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = folder / "bin"
    tools.mkdir()
    program = tools / "apt-get"
    program.write_text(f'#!/bin/sh\necho "$@" >> "{folder}/calls"\n{script}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")


def test_download_with_the_lists_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_apt_get(tmp_path, "printf 12345 > a_1_all.deb; sleep 0.2", monkeypatch)
    folder = tmp_path / "work"
    sizes: list[int] = []
    folder.mkdir()
    assert download("a", folder, sizes.append) == folder / "a_1_all.deb"
    assert sizes[-1] == 5
    assert len((tmp_path / "calls").read_text().splitlines()) == 1


def test_download_with_own_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = 'case "$*" in *update*) exit 0;; *Dir::State::lists*) touch a_1_all.deb;; *) echo none; exit 100;; esac'
    _fake_apt_get(tmp_path, script, monkeypatch)
    folder = tmp_path / "work"
    folder.mkdir()
    assert download("a", folder) == folder / "a_1_all.deb"
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len(calls) == 3
    assert calls[1].endswith("update")
    assert calls[2].endswith("download a")


def test_download_tells_what_apt_get_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_apt_get(tmp_path, 'echo "W: Failed to fetch it"', monkeypatch)
    folder = tmp_path / "work"
    folder.mkdir()
    with pytest.raises(PackageError, match="can't download a:\nW: Failed to fetch it"):
        download("a", folder)


def test_download_without_apt_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    with pytest.raises(PackageError, match="no apt-get"):
        download("a", tmp_path)


@pytest.mark.parametrize("size", [b"-60", b"", b"1e9"])
def test_a_member_without_a_size_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: bytes) -> None:
    monkeypatch.setattr(packages.shutil, "which", lambda _: None)
    (tmp_path / "a_1.deb").write_bytes(b"!<arch>\n" + b"debian-binary".ljust(48) + size.ljust(10) + b"`\n")
    with pytest.raises(PackageError, match=r"a_1\.deb is no Debian package"):
        list(read_deb(tmp_path / "a_1.deb", {"a"}))


def test_a_file_larger_than_any_picture_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    monkeypatch.setattr(packages, "_LARGEST_FILE", 10)
    deb = make_deb(tmp_path / "a_1.deb", {"a": b"x" * 11, "b": b"y" * 10})
    assert dict(read_deb(deb, {"b"})) == {"b": b"y" * 10}
    with pytest.raises(PackageError, match="a has 11 bytes, as no picture has"):
        list(read_deb(deb, {"a"}))
