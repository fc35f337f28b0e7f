"""datasets/check_dataset.py: the command; each planted fault is found."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import cv2
import pytest

from dnt_d2.minivid import MiniVIDSettings, write_dataset

A = "val/tiny_val_00000000"
B = "train/ILSVRC2015_VID_train_0000/tiny_00000001"
STILL = "train/ILSVRC2014_train_0000/ILSVRC2014_train_00000001"


@pytest.fixture(scope="module")
def script(load_script: Callable[[str], ModuleType]) -> ModuleType:
    return load_script("datasets/check_dataset.py")


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def _append(path: Path, line: str) -> None:
    path.write_text(path.read_text() + line + "\n")


def _both(tree: Path, name: str) -> list[Path]:
    return [tree / f"Data/VID/{name}.JPEG", tree / f"Annotations/VID/{name}.xml"]


def _remove_frame(tree: Path) -> None:
    for path in _both(tree, f"{B}/000002"):
        path.unlink()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def _share(tree: Path) -> None:
    for part in ("Data", "Annotations"):
        shutil.copytree(tree / part / "VID" / B, tree / part / "VID/val/tiny_00000001")
    _append(tree / "ImageSets/VID/val.txt", "tiny_00000001/000000 99")


def _rename(tree: Path) -> None:
    for path in _both(tree, f"{B}/000003"):
        path.rename(path.with_stem("last"))


Plant = Callable[[Path], object]
ERRORS: list[tuple[str, Plant]] = [
    ("no folder Data", lambda t: shutil.rmtree(t / "Data")),
    ("listed videos without frames", lambda t: shutil.rmtree(t / "Data/VID" / B)),
    ("listed videos without annotations", lambda t: shutil.rmtree(t / "Annotations/VID" / B)),
    ("listed videos without frames", lambda t: _append(t / "ImageSets/VID/train_3.txt", "nowhere 1")),
    ("lists of training videos by class missing", lambda t: (t / "ImageSets/VID/train_8.txt").unlink()),
    ("lines that are not '<path> <number>'", lambda t: _append(t / "ImageSets/VID/val.txt", "a b c d")),
    ("images missing", lambda t: _append(t / "ImageSets/VID/val.txt", "tiny_val_00000000/000099 99")),
    ("images missing", lambda t: (t / f"Data/VID/{A}/000003.JPEG").unlink()),
    ("images missing", lambda t: (t / f"Data/DET/{STILL}.JPEG").unlink()),
    ("annotations missing", lambda t: (t / f"Annotations/VID/{A}/000003.xml").unlink()),
    ("annotations missing", lambda t: (t / f"Annotations/DET/{STILL}.xml").unlink()),
    ("gaps in the numbers of frames", _remove_frame),
    ("frames whose names are no numbers", _rename),
    ("images that are empty", lambda t: (t / f"Data/VID/{A}/000003.JPEG").write_bytes(b"")),
    ("images that can't be read", lambda t: _cut(t / f"Data/VID/{A}/000003.JPEG")),
    ("images that can't be read", lambda t: (t / f"Data/DET/{STILL}.JPEG").write_text("no image")),
    (
        "images of another size",
        lambda t: cv2.imwrite(str(t / f"Data/VID/{A}/000003.JPEG"), cv2.imread(str(t / f"Data/VID/{B}/000000.JPEG"))),
    ),
    ("VID: annotations that can't be used", lambda t: _cut(t / f"Annotations/VID/{A}/000003.xml")),
    ("VID: annotations that can't be used", lambda t: _edit(t / f"Annotations/VID/{A}/000003.xml", "<trackid>", "<t>")),
    ("DET: annotations that can't be used", lambda t: _cut(t / f"Annotations/DET/{STILL}.xml")),
    ("VID: objects of unknown classes", lambda t: _edit(t / f"Annotations/VID/{A}/000003.xml", "n02084071", "n99")),
    ("videos in both training and validation", _share),
]
WARNINGS: list[tuple[str, Plant]] = [
    ("VID val: no list", lambda t: [path.unlink() for path in (t / "ImageSets/VID").glob("val*")]),
    ("DET train: neither lists nor images", lambda t: [shutil.rmtree(t / x / "DET") for x in ("Data", "ImageSets")]),
    ("entries listed twice", lambda t: _append(t / "ImageSets/VID/train_7.txt", B.removeprefix("train/") + " 1")),
    ("files that belong to nothing", lambda t: (t / f"Data/VID/{A}/Thumbs.db").write_text("")),
    ("videos that no list names", lambda t: shutil.copytree(t / "Data/VID" / A, t / "Data/VID/val/another")),
    ("VID: boxes without area", lambda t: _edit(t / f"Annotations/VID/{A}/000000.xml", "<xmax>39<", "<xmax>8<")),
    ("DET: boxes that reach out", lambda t: _edit(t / f"Annotations/DET/{STILL}.xml", "<xmax>90<", "<xmax>100<")),
    (
        "VID: boxes outside",
        lambda t: _edit(t / f"Annotations/VID/{A}/000000.xml", "<xmax>39</xmax><xmin>8<", "<xmax>-1</xmax><xmin>-8<"),
    ),
    ("several boxes in a frame", lambda t: _edit(t / f"Annotations/VID/{A}/000000.xml", "<trackid>3<", "<trackid>0<")),
]
NOTES: list[tuple[str, Plant]] = [
    ("DET doesn't have", lambda t: _edit(t / f"Annotations/DET/{STILL}.xml", "n02958343", "n99")),
]


def test_a_healthy_tree(script: ModuleType, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for mode in ("--sample", "--full"):
        assert script.main([str(tree), mode]) == 0
        out = capsys.readouterr().out
        assert out.endswith("Healthy: training can start.\n")
        assert "ERROR" not in out
        assert "WARNING" not in out


@pytest.mark.parametrize(
    ("what", "plant", "severity", "status"),
    [
        *((what, plant, "ERROR", 1) for what, plant in ERRORS),
        *((what, plant, "WARNING", 0) for what, plant in WARNINGS),
        *((what, plant, "NOTE", 0) for what, plant in NOTES),
    ],
)
def test_each_planted_fault_is_found(
    script: ModuleType,
    tree: Path,
    capsys: pytest.CaptureFixture[str],
    what: str,
    plant: Plant,
    severity: str,
    status: int,
) -> None:
    plant(tree)
    assert script.main([str(tree), "--full", "--workers", "1"]) == status
    lines = capsys.readouterr().out.splitlines()
    found = [i for i, line in enumerate(lines) if line.startswith(f"{severity}: ") and what in line]
    assert len(found) == 1
    assert str(tree) in lines[found[0] + 1]
    assert lines[found[0] + 2].strip().startswith("remedy")


def test_minivid_is_healthy(script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = MiniVIDSettings(
        train_videos=3,
        train_frames=3,
        stills=3,
        val_seen_videos=2,
        val_novel_videos=1,
        val_frames=3,
        frame_sizes=((160, 120),),
        classes=("bird", "car", "rabbit"),
    )
    write_dataset(tmp_path / "minivid", settings, "drawn", progress=False)
    assert script.main([str(tmp_path / "minivid"), "--full", "--workers", "1"]) == 0
    out = capsys.readouterr().out
    assert "minivid: MiniVID\n" in out
    assert "Healthy" in out


def test_missing_lists_are_made_on_request(script: ModuleType, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(tree / "ImageSets")
    assert script.main([str(tree)]) == 0
    assert "WARNING: VID train: no list" in capsys.readouterr().out
    assert script.main([str(tree), "--make-lists"]) == 0
    out = capsys.readouterr().out
    assert "wrote ImageSets/VID/val.txt: 14 lines" in out
    assert out.endswith("Healthy: training can start.\n")


def test_bad_usage(script: ModuleType, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main([str(tree / "nowhere")]) == 2
    assert "nowhere is not a folder" in capsys.readouterr().err
    assert script.main([str(tree), "--workers", "-1"]) == 2
    assert "number of processes" in capsys.readouterr().err
    with pytest.raises(SystemExit) as error:
        script.main([str(tree), "--full", "--sample"])
    assert error.value.code == 2
