"""Pictures are taken from packages or trees, checked, shrunk and written; never from the network."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from dnt_d2.minivid import fetch
from dnt_d2.minivid.fetch import fetch_pictures, shrink, shrink_cutout
from dnt_d2.minivid.packages import PackageError
from dnt_d2.minivid.photographs import MISSING_FILE, Package, PhotographSource, Picture, PictureList


def _cutout_file(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    image = np.zeros((50, 60, 4), np.uint8)
    image[10:40, 5:50, :3] = rng.integers(0, 255, (30, 45, 3))
    image[10:40, 5:50, 3] = 255
    return cv2.imencode(".png", image)[1].tobytes()


def _world(tree: Path) -> PictureList:
    """An unpacked tree of two packages and the list that describes it."""
    background = np.tile(np.arange(200, dtype=np.uint8)[None, :, None], (150, 1, 3))
    files = {
        "one": {"usr/share/crow.png": _cutout_file(0), "usr/share/cup.png": _cutout_file(1)},
        "two": {"usr/share/wood.png": cv2.imencode(".png", background)[1].tobytes()},
    }
    pictures = []
    for package, content in files.items():
        for path, data in content.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_bytes(data)
            role = {"crow": "cutout", "cup": "distractor", "wood": "background"}[Path(path).stem]
            name = "bird" if role == "cutout" else ""
            digest = hashlib.sha256(data).hexdigest()
            key = f"{name or role}-{Path(path).stem}"
            pictures.append(Picture(key, role, name, "train", "right", package, path, digest))  # type: ignore[arg-type]
    pictures.append(replace(pictures[-1], key="background-part", crop=(100, 0, 200, 80)))
    return PictureList(tuple(Package(name, "1.0", 10, "GPL-2") for name in files), tuple(pictures))


def test_nothing_to_fetch(tmp_path: Path) -> None:
    assert fetch_pictures(tmp_path / "new" / "folder", pictures=PictureList((), ()), progress=False) == 0
    assert (tmp_path / "new" / "folder").is_dir()


def test_from_a_tree_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree, root = tmp_path / "tree", tmp_path / "pictures"
    known = _world(tree)
    assert fetch_pictures(root, source=tree, pictures=known, progress=False) == 4
    assert sorted(path.name for path in root.iterdir()) == sorted(p.file_name for p in known.pictures)
    source = PhotographSource(root, known)
    assert source.cutouts("train")["bird"][0].image.shape == (30, 45, 4), "trimmed"
    assert [b.shape for b in source.backgrounds("train")] == [(150, 200, 3), (80, 100, 3)]
    assert source.backgrounds("train")[1].mean() > 125, "the part is the right half"

    monkeypatch.setattr(fetch, "_contents", None)  # nothing is opened any more
    before = {path: path.stat().st_mtime_ns for path in root.iterdir()}
    assert fetch_pictures(root, source=tree, pictures=known, progress=False) == 0
    assert before == {path: path.stat().st_mtime_ns for path in root.iterdir()}


def test_an_interrupted_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree, root = tmp_path / "tree", tmp_path / "pictures"
    known = _world(tree)
    real, calls = fetch.shrink, []

    def interrupted(picture: Picture, content: bytes) -> bytes:
        calls.append(picture.key)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(picture, content)

    monkeypatch.setattr(fetch, "shrink", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch_pictures(root, source=tree, pictures=known, progress=False)
    monkeypatch.setattr(fetch, "shrink", real)
    assert len(list(root.iterdir())) == 2
    with pytest.raises(FileNotFoundError, match="lacks 2 of 4"):
        PhotographSource(root, known)
    assert fetch_pictures(root, source=tree, pictures=known, progress=False) == 2
    PhotographSource(root, known)


def test_from_deb_files(tmp_path: Path) -> None:
    tree, debs = tmp_path / "tree", tmp_path / "debs"
    known = _world(tree)
    debs.mkdir()
    for package in known.packages:
        paths = {p.path for p in known.pictures if p.package == package.name}
        _build_deb(debs / f"{package.name}_1.0_all.deb", tree, paths, tmp_path / package.name)
    assert fetch_pictures(tmp_path / "pictures", source=debs, pictures=known, progress=False) == 4


def _build_deb(deb: Path, tree: Path, paths: set[str], work: Path) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not here")
    for path in paths:
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tree / path, work / path)
    (work / "DEBIAN").mkdir()
    control = f"Package: {work.name}\nVersion: 1.0\nArchitecture: all\nMaintainer: me <me@here>\nDescription: a\n"
    (work / "DEBIAN" / "control").write_text(control)
    subprocess.run(["dpkg-deb", "--build", str(work), str(deb)], check=True, capture_output=True)


def test_another_version_is_refused_or_renounced(tmp_path: Path) -> None:
    tree, root = tmp_path / "tree", tmp_path / "pictures"
    known = _world(tree)
    (tree / "usr/share/cup.png").write_bytes(_cutout_file(2))
    with pytest.raises(
        PackageError, match=r"1 of 4 pictures.*usr/share/cup\.png.*made with one 1\.0:.*--allow-missing"
    ):
        fetch_pictures(root, source=tree, pictures=known, progress=False)
    assert len(list(root.iterdir())) == 3
    assert fetch_pictures(root, source=tree, pictures=known, progress=False, allow_missing=True) == 0
    assert len(json.loads((root / MISSING_FILE).read_text())) == 1
    assert fetch_pictures(root, source=None, pictures=known, progress=False, allow_missing=True) == 0, "not tried again"
    assert PhotographSource(root, known).distractors("train") == []

    (tree / "usr/share/cup.png").write_bytes(_cutout_file(1))
    assert fetch_pictures(root, source=tree, pictures=known, progress=False) == 1
    assert not (root / MISSING_FILE).exists()
    assert len(PhotographSource(root, known).distractors("train")) == 1


def test_a_folder_without_the_packages(tmp_path: Path) -> None:
    known = _world(tmp_path / "tree")
    with pytest.raises(PackageError, match=r"has neither one_\*\.deb nor the unpacked package.*--source drawn"):
        fetch_pictures(tmp_path / "pictures", source=tmp_path, pictures=known, progress=False)


def test_without_apt_get_the_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = _world(tmp_path / "tree")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackageError, match=r"no apt-get here(.|\n)*tuxpaint-stamps-default(.|\n)*--from(.|\n)*drawn"):
        fetch_pictures(tmp_path / "pictures", pictures=known, progress=False)


def test_a_cutout_needs_alpha(tmp_path: Path) -> None:
    picture = _world(tmp_path).pictures[0]
    plain = cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))[1].tobytes()
    for content, message in ((b"", "decoded"), (b"no picture", "decoded"), (plain, "no alpha channel")):
        with pytest.raises((PackageError, cv2.error), match=message):
            shrink(picture, content)


def test_shrinking_keeps_colours_clean_at_the_edge() -> None:
    image = np.zeros((400, 800, 4), np.uint8)
    image[..., :3] = 255  # white below the transparent part
    yy, xx = np.mgrid[:400, :800]
    disc = ((xx - 400) / 380.0) ** 2 + ((yy - 200) / 180.0) ** 2 < 1
    image[disc] = (30, 60, 90, 255)
    small = shrink_cutout(image, 100)
    assert small.shape[1] == 100
    assert abs(small.shape[0] - 100 * 359 / 759) <= 1
    visible = small[..., 3] > 0
    assert (np.abs(small[visible][:, :3].astype(int) - (30, 60, 90)) <= 1).all()
    assert (small[~visible] == 0).all()
    assert np.isclose(visible.mean(), np.pi / 4, atol=0.06)


def test_trimming_drops_specks_and_keeps_parts() -> None:
    image = np.zeros((100, 100, 4), np.uint8)
    image[20:60, 20:60] = (9, 9, 9, 255)
    image[70:80, 20:60] = (9, 9, 9, 128)  # a part of its own, large enough
    image[95, 95] = (9, 9, 9, 255)  # dirt
    image[5:10, :] = (9, 9, 9, 3)  # next to invisible
    small = shrink_cutout(image, 360)
    assert small.shape == (60, 40, 4)
    assert set(np.unique(small[..., 3])) == {0, 128, 255}


def test_a_small_cutout_keeps_its_pixels() -> None:
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (30, 20, 4), dtype=np.uint8)
    image[..., 3] = rng.integers(8, 256, (30, 20))
    assert (shrink_cutout(image, 360) == image).all()


def test_an_invisible_cutout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="invisible"):
        shrink_cutout(np.zeros((9, 9, 4), np.uint8), 360)
