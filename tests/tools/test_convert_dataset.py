"""tools/convert_dataset.py: from one format to another, and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dnt_d2.data.imagenet_vid import load_det, load_vid
from dnt_d2.data.own_videos import load_coco_vid, load_mot
from dnt_d2.vid_classes import VID_CLASSES

SCRIPT = Path(__file__).parents[2] / "tools" / "convert_dataset.py"
FROM_VID = ("--from", "ilsvrc_vid", "--lists", "val")


@pytest.fixture(scope="module")
def tool(load_script: Callable[[str], ModuleType]) -> ModuleType:
    return load_script("tools/convert_dataset.py")


def convert(tool: ModuleType, source: Path, target: Path, *options: str) -> None:
    assert tool.main([str(source), str(target), *options]) == 0


def same(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Field by field; images are the same files, by whatever name."""
    assert len(found) == len(expected) > 0
    for a, b in zip(found, expected, strict=True):
        assert Path(a["file_name"]).read_bytes() == Path(b["file_name"]).read_bytes()
        assert a | {"file_name": ""} == b | {"file_name": ""}


@pytest.mark.parametrize("name", ["val", "val_novel", "train"])
def test_xml_to_json_and_back(tool: ModuleType, tiny_ilsvrc: Path, tmp_path: Path, name: str) -> None:
    json, tree, images = tmp_path / "x.json", tmp_path / "tree", str(tiny_ilsvrc / "Data/VID")
    convert(tool, tiny_ilsvrc, json, "--from", "ilsvrc_vid", "--lists", name, "--to", "coco_vid")
    expected = load_vid(str(tiny_ilsvrc), name)
    assert load_coco_vid(str(json), VID_CLASSES, images) == expected
    convert(tool, json, tree, "--from", "coco_vid", "--to", "ilsvrc", "--images", images, "--name", name)
    same(load_vid(str(tree), name), expected)
    # And what was written are the same videos under the same names.
    assert [Path(d["file_name"]).relative_to(tree) for d in load_vid(str(tree), name)] == [
        Path(d["file_name"]).relative_to(tiny_ilsvrc) for d in expected
    ]


def test_lists_by_class(tool: ModuleType, tiny_ilsvrc: Path, tmp_path: Path) -> None:
    lists = [f"train_{k}" for k in range(1, 31)]
    convert(tool, tiny_ilsvrc, tmp_path / "tree", "--from", "ilsvrc_vid", "--to", "ilsvrc", "--lists", *lists)
    same(load_vid(str(tmp_path / "tree"), "train_1"), load_vid(str(tiny_ilsvrc), lists))


def test_stills_to_json_and_back(tool: ModuleType, tiny_ilsvrc: Path, tmp_path: Path) -> None:
    json, tree, images = tmp_path / "x.json", tmp_path / "tree", str(tiny_ilsvrc / "Data/DET")
    convert(tool, tiny_ilsvrc, json, "--from", "ilsvrc_det", "--lists", "train", "--to", "coco_vid")
    expected = load_det(str(tiny_ilsvrc), "train")
    assert load_coco_vid(str(json), VID_CLASSES, images, kind="still") == expected
    options = ("--stills", "--images", images, "--name", "train", "--copy")
    convert(tool, json, tree, "--from", "coco_vid", "--to", "ilsvrc", *options)
    same(load_det(str(tree), "train"), expected)
    assert not any(path.is_symlink() for path in tree.rglob("*"))


def test_mot_and_back(tool: ModuleType, tiny_ilsvrc: Path, tmp_path: Path) -> None:
    json, mot = tmp_path / "x.json", tmp_path / "mot"
    convert(tool, tiny_ilsvrc, mot, *FROM_VID, "--to", "mot", "--frame-rate", "25")
    convert(tool, mot, json, "--from", "mot", "--lists", "val", "--to", "coco_vid")
    expected = list(load_vid(str(tiny_ilsvrc), "val"))
    for d in expected:
        d["annotations"] = [a | {"generated": 0} for a in d["annotations"]]
    same(load_mot(str(mot), VID_CLASSES, "val"), expected)
    same(load_coco_vid(str(json), VID_CLASSES, str(mot)), expected)
    again = tmp_path / "again"
    convert(tool, json, again, "--from", "coco_vid", "--to", "mot", "--images", str(mot))
    same(load_mot(str(again), VID_CLASSES, "all"), expected)
    assert "frameRate=25" in (mot / "val_tiny_val_00000000/seqinfo.ini").read_text()


def test_json_to_json(tool: ModuleType, tiny_ilsvrc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written anew, with the images where they are; variables in paths are expanded."""
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    (tmp_path / "images").symlink_to(tiny_ilsvrc / "Data/VID", target_is_directory=True)
    convert(tool, tiny_ilsvrc, tmp_path / "x.json", *FROM_VID, "--to", "coco_vid")
    images = ("--images", "$DETECTRON2_DATASETS/images")
    source = Path("$DETECTRON2_DATASETS/x.json")
    convert(tool, source, tmp_path / "y.json", "--from", "coco_vid", "--to", "coco_vid", *images)
    assert (tmp_path / "y.json").read_text() == (tmp_path / "x.json").read_text()
    convert(tool, source, tmp_path / "z.json", "--from", "coco_vid", "--to", "coco_vid")  # beside the JSON
    assert (tmp_path / "z.json").read_text() == (tmp_path / "x.json").read_text()


def test_one_folder_for_two_lists(tool: ModuleType, tiny_ilsvrc: Path, tmp_path: Path) -> None:
    for name in ("val_seen", "val_novel"):
        convert(tool, tiny_ilsvrc, tmp_path, "--from", "ilsvrc_vid", "--lists", name, "--to", "mot")
    assert len(load_mot(str(tmp_path), VID_CLASSES, "val_seen")) == 9
    assert len(load_mot(str(tmp_path), VID_CLASSES, ["val_seen", "val_novel"])) == 14


def test_nothing_is_overwritten(
    tool: ModuleType, tiny_ilsvrc: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "x.json"
    target.write_text("precious")
    arguments = [str(tiny_ilsvrc), str(target), *FROM_VID, "--to", "coco_vid"]
    assert tool.main(arguments) == 2
    assert "x.json is there already" in capsys.readouterr().err
    assert target.read_text() == "precious"
    assert tool.main([*arguments, "--overwrite"]) == 0
    assert "3 videos, 14 images, 21 objects, 30 classes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("nowhere", (*FROM_VID, "--to", "mot"), "nowhere"),
        ("nowhere.json", ("--from", "coco_vid", "--to", "mot"), "there is no such COCO-VID JSON"),
        ("", ("--from", "ilsvrc_det", "--lists", "train", "--to", "mot"), "not stills"),
        ("", ("--from", "ilsvrc_vid", "--to", "mot"), "needs the names of lists"),
    ],
)
def test_bad_input_gets_one_line(
    tool: ModuleType,
    tiny_ilsvrc: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    source: str,
    options: tuple[str, ...],
    message: str,
) -> None:
    assert tool.main([str(tiny_ilsvrc / source), str(tmp_path / "out"), *options]) == 2
    error = capsys.readouterr().err
    assert error.startswith("convert_dataset: ")
    assert message in error
    assert not (tmp_path / "out").exists()
