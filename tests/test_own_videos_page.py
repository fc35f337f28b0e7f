"""docs/own_videos.md: what the page tells people to type works, in its order."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog

from dnt_d2.data import load_coco_vid, register_from_config

pytestmark = pytest.mark.usefixtures("loggers_as_before")

ROOT = Path(__file__).parents[1]
Load = Callable[[str], ModuleType]
PAGE = (ROOT / "docs" / "own_videos.md").read_text()
Make = Callable[..., Any]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def commands(script: str) -> list[list[str]]:
    """The arguments of each call of a script on the page."""
    lines = [shlex.split(line) for block in blocks("sh") for line in block.splitlines()]
    return [words[2:] for words in lines if words[:2] == ["python", script]]


@pytest.fixture(scope="module")
def workplace(load_script: Load, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like that of train_net.py, with the example, its conversions and both configs of the page."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "configs").symlink_to(ROOT / "configs", target_is_directory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for script in ("datasets/prepare_minivid.py", "tools/convert_dataset.py"):
            main = load_script(script).main
            assert commands(script)
            for arguments in commands(script):
                assert main(arguments) == 0, arguments
    for name, text in zip(["my_videos.yaml", "my_mot.yaml"], blocks("yaml"), strict=True):
        assert f"`{name}`" in PAGE
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def at_work(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    before = set(DatasetCatalog.list())
    monkeypatch.chdir(workplace)
    monkeypatch.delenv("DETECTRON2_DATASETS", raising=False)
    yield workplace
    for name in set(DatasetCatalog.list()) - before:
        DatasetCatalog.remove(name)
        MetadataCatalog.remove(name)


def test_all_commands_are_run_here() -> None:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    scripts = ("datasets/prepare_minivid.py", "tools/convert_dataset.py", "train_net.py")
    assert len(lines) == sum(len(commands(script)) for script in scripts) > 0


@pytest.mark.parametrize("name", ["my_videos", "my_mot"])
def test_train_and_evaluate(load_script: Load, small_cfg: Make, at_work: Path, name: str) -> None:
    """With the small network of these tests in place of the page's."""
    cfg = small_cfg(
        *("MODEL.BACKBONE.NAME", "build_resnet_backbone"),
        *("MODEL.ROI_HEADS.NUM_CLASSES", 3),
        *("SOLVER.WARMUP_ITERS", 0),
        config=str(at_work / f"{name}.yaml"),
    )
    (at_work / f"{name}_small.yaml").write_text(cfg.dump())
    train_net = load_script("train_net.py")
    calls = [words for words in commands("train_net.py") if words[1] == f"{name}.yaml"]
    assert [("--eval-only" in words) for words in calls] == [False, True]
    results = []
    for words in calls:
        arguments = [word.replace(f"{name}.yaml", f"{name}_small.yaml") for word in words]
        arguments = ["2" if word == "20" else word for word in arguments]  # iterations
        results.append(train_net.main(train_net.get_parser().parse_args(arguments)))
    assert {"frame", "tube"} <= set(results[1])
    assert {"AP50", "AP50-bird", "AP50-car", "AP50-zebra"} == set(results[1]["tube"])
    assert (at_work / "output" / name / "model_final.pth").is_file()


def test_the_json_of_the_page(tmp_path: Path) -> None:
    (text,) = blocks("json")
    (tmp_path / "x.json").write_text(text)
    (frame,) = load_coco_vid(str(tmp_path / "x.json"), ["cup"])
    assert frame["file_name"] == str(tmp_path / "kitchen/000000.jpg")
    assert frame["annotations"][0]["bbox"] == [10, 20, 109, 69]
    assert frame["annotations"][0]["instance_id"] == 7
    assert set(json.loads(text)) == {"videos", "images", "annotations", "categories"}


def test_the_command_line_of_the_page(small_cfg: Make, at_work: Path) -> None:
    (line,) = re.findall(r"`DATASETS\.REGISTER (\".*?\")`", PAGE)
    (value,) = shlex.split(line)
    assert register_from_config(small_cfg("DATASETS.REGISTER", value)) == ["my_mot_val"]


def test_conversions_gave_the_same_videos(at_work: Path) -> None:
    classes = ["bird", "car", "zebra"]
    first = load_coco_vid("datasets/example/val.json", classes, "datasets/example/Data/VID")
    second = load_coco_vid("datasets/example/from_mot.json", classes, "datasets/example/mot")
    assert len(first) == 3 * 8
    assert [[a["bbox"] for a in d["annotations"]] for d in first] == [
        [a["bbox"] for a in d["annotations"]] for d in second
    ]
