"""A pass saves what the network says, and leaves what takes long to later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog

from dnt_d2.engine import Trainer
from dnt_d2.study.network_pass import PassTrainer, get_parser

NAME = "study_pass"


@pytest.fixture
def dataset() -> Any:
    frame = {"file_name": "a.jpg", "image_id": 0, "height": 96, "width": 128, "annotations": []}
    frame |= {"video_id": 0, "frame_index": 0, "video_length": 1}
    DatasetCatalog.register(NAME, lambda: [frame])
    MetadataCatalog.get(NAME).thing_classes = ["bear"]
    yield NAME
    DatasetCatalog.remove(NAME)
    MetadataCatalog.remove(NAME)


@pytest.mark.parametrize(("trainer", "metrics"), [(PassTrainer, ()), (Trainer, ("coco", "tracks"))])
def test_metrics_of_a_saved_run(
    dataset: str, trainer: type[Trainer], metrics: Any, small_cfg: Callable[..., Any], tmp_path: Path
) -> None:
    evaluator: Any = trainer.build_evaluator(small_cfg("OUTPUT_DIR", str(tmp_path)), dataset)
    evaluator.save_run("digest")
    assert tuple(evaluator.plan.metrics) == metrics


def test_its_options_are_those_of_the_trainer() -> None:
    args = get_parser().parse_args(["--num-gpus", "2", "--test-config", "a.yaml", "MODEL.WEIGHTS", "x.pth"])
    assert (args.num_gpus, args.test_config, args.opts) == (2, ["a.yaml"], ["MODEL.WEIGHTS", "x.pth"])
