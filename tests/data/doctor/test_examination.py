"""dnt_d2/data/doctor/examination.py: one after the other, whatever the tree is like."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dnt_d2.data.doctor import ERROR, NOTE, Examination, Finding, examine
from dnt_d2.data.doctor import examination as module


def test_an_empty_folder_is_no_data_set(tmp_path: Path) -> None:
    result = examine(str(tmp_path))
    assert [finding.what for finding in result.errors] == ["no folder Data"]
    for folder in ("Data", "Annotations", "ImageSets"):
        (tmp_path / folder).mkdir()
    result = examine(str(tmp_path))
    assert [finding.what for finding in result.errors] == ["VID train: neither lists nor images"]


def test_a_healthy_tree_has_no_findings(tree: Path) -> None:
    result = examine(str(tree), full=True, workers=1)
    assert {finding.severity for finding in result.findings} == {NOTE}
    assert result.scope[0] == "VID: annotations of 6 of 6 videos read (25 files), 25 of 25 images decoded"


def test_a_sample_is_part_of_the_whole(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAMPLE_FOLDERS", {"VID": 2, "DET": 1})
    monkeypatch.setattr(module, "SAMPLE_IMAGES", 3)
    scopes = {seed: examine(str(tree), seed=seed, workers=1).scope for seed in (0, 0, 1, 2, 3)}
    assert all("of 2 of 6 videos" in scope[0] and "3 of 25 images" in scope[0] for scope in scopes.values())
    assert len({scope[0] for scope in scopes.values()}) > 1
    result = examine(str(tree), workers=1)
    assert all(count.boxes is None for count in result.counts)
    assert [count.images for count in result.counts] == [11, 11, 14, 5, 9, 5]


def test_own_classes(ilsvrc_writer) -> None:
    for name, video in (("screw", "train/a"), ("nut", "val/b")):
        ilsvrc_writer.video(video, (32, 32), [[]])
        ilsvrc_writer.xml("VID", f"{video}/000000", (32, 32), [(name, 0, (1, 1, 9, 9))])
    root = str(ilsvrc_writer.root)
    assert [f.what for f in examine(root, workers=1).errors] == ["VID: objects of unknown classes"]
    result = examine(root, workers=1, class_names=["screw", "nut"])
    assert result.errors == []
    assert [count.boxes for count in result.counts] == [[1, 0], [0, 1]]


def test_a_check_that_can_not_go_on_is_a_finding() -> None:
    def check() -> Iterator[Finding]:
        yield Finding(ERROR, "first", 1, "", "")
        raise PermissionError("folder")

    result = Examination("root", [])
    result.run(check)
    assert [finding.what for finding in result.findings] == ["first", "files or folders that can't be read"]


@pytest.mark.parametrize("seed", range(12))
def test_no_damage_makes_it_crash(tree: Path, seed: int) -> None:
    r = random.Random(seed)
    paths = sorted(path for path in tree.rglob("*") if "dnt_d2" not in str(path))
    for path in r.sample(paths, 12):
        if not path.exists() and not path.is_symlink():
            continue
        damage = r.choice(["remove", "replace", "cut", "noise", "link", "folder"])
        content = path.read_bytes() if path.is_file() else b"x"
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
        if damage == "replace":
            path.write_text("something else 1 2 3\n")
        elif damage == "cut":
            path.write_bytes(content[: len(content) // 2])
        elif damage == "noise":
            path.write_bytes(r.randbytes(len(content)))
        elif damage == "link":
            path.symlink_to(tree / "nowhere")
        elif damage == "folder":
            path.mkdir()
    result = examine(str(tree), full=True, workers=1)
    assert result.findings
