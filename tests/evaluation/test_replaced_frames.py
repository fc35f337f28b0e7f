"""dnt_d2/evaluation/replaced_frames.py: frames whose image could not be read are told, and seen again."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("detectron2")

from dnt_d2.evaluation import ProposalRecallEvaluator, VIDEvaluator
from dnt_d2.evaluation.content import build_content, results_of
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.replaced_frames import ReplacedFrames, forget_replaced, replaced_block
from dnt_d2.evaluation.report import to_markdown, to_text
from dnt_d2.evaluation.report.facts import replaced_line
from dnt_d2.evaluation.run_scoring import score_run
from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.faults import NAMED, Skip

if TYPE_CHECKING:
    from conftest import Drawn

MakeRun = Callable[..., SavedRun]
SKIPPED = {"skipped": [Skip("missing image", "a/3.JPEG", "a/3.JPEG: this image is missing")]}
MANY = "The images of 3 frames could not be read"


def mark(run: SavedRun, video_id: int, frames: list[int]) -> None:
    """Write a video anew, as if these frames had been replaced."""
    record = run.read(video_id)
    object.__setattr__(record, "replaced", np.array(frames))
    run.write(video_id, record)


def test_nothing_is_said_where_all_could_be_read(tmp_path: Path, drawn: Drawn, make_run: MakeRun) -> None:
    run = make_run(tmp_path)
    plan = Plan("drawn", drawn.truth, drawn.frames)
    assert forget_replaced(run) == []
    content = build_content(plan, score_run(run, plan, workers=1), {})
    assert "skipped" not in content
    assert replaced_line(content) == ""
    assert not any("could not be read" in face(content) for face in (to_text, to_markdown))
    assert replaced_block(plan, []) == {}


def test_every_report_says_how_many(tmp_path: Path, drawn: Drawn, make_run: MakeRun) -> None:
    run, plan = make_run(tmp_path), Plan("drawn", drawn.truth, drawn.frames)
    before = build_content(plan, score_run(run, plan, workers=1), {})
    mark(run, 2, [1])
    mark(run, 7, [0, 4])
    assert run.read(7).replaced.tolist() == [0, 4]
    content = build_content(plan, score_run(run, plan, workers=1), {})
    files = ["/".join(Path(drawn.frames.file_names[k]).parts[-2:]) for k in (1, 10, 14)]
    assert content["skipped"] == {"frames": 3, "files": files}
    for face in (to_text, to_markdown):
        assert MANY in face(content)
    assert files[1] in to_markdown(content)
    assert json.dumps(results_of(content)) == json.dumps(results_of(before))  # their objects count as before


def test_videos_with_such_frames_are_seen_again(tmp_path: Path, make_run: MakeRun) -> None:
    run = make_run(tmp_path)
    mark(run, 7, [0])
    run.path(2).write_bytes(b"broken")
    assert forget_replaced(run) == [7]
    assert run.finished == [2, 5]


def test_the_log_names_a_few(caplog: pytest.LogCaptureFixture) -> None:
    frames = ReplacedFrames()
    assert not frames.note({"video_id": 1})
    for _ in range(NAMED + 4):
        assert frames.note(SKIPPED)
    assert frames.count == NAMED + 4
    assert len(caplog.records) == NAMED + 1
    assert caplog.records[0].message == "another frame is shown in its place: a/3.JPEG: this image is missing"


def _instances(**columns: Any) -> Any:
    import torch
    from detectron2.structures import Boxes, Instances

    found = Instances((120, 200))
    for name, values in columns.items():
        tensor = torch.tensor(values, dtype=torch.float32)
        found.set(name, Boxes(tensor.reshape(-1, 4)) if "boxes" in name else tensor)
    return found


def _dicts() -> list[dict[str, Any]]:
    note = {"category_id": 0, "bbox": [10, 10, 49, 49], "bbox_mode": 0, "instance_id": 0}
    return [{"file_name": f"v/{i}.JPEG", "video_id": 4, "frame_index": i, "annotations": [note]} for i in range(3)]


def test_evaluators_count_the_frames_of_the_loader(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    recall = ProposalRecallEvaluator((_dicts(), ["a"]), distributed=False, output_dir=str(tmp_path))
    whole = VIDEvaluator((_dicts(), ["a"]), distributed=False, output_dir=str(tmp_path))
    none = _instances(pred_boxes=[], scores=[], pred_classes=[])
    for i in range(3):
        frame = {"video_id": 4, "frame_index": i, **(SKIPPED if i == 1 else {})}
        found = _instances(proposal_boxes=[10, 10, 49, 49], objectness_logits=[1.0])
        recall.process([frame], [{"proposals": found}])
        whole.process([frame], [{"instances": none}])
    recall.evaluate()
    whole.evaluate()
    assert json.loads((tmp_path / "proposal_results.json").read_text())["skipped"] == {"frames": 1}
    said = json.loads((tmp_path / "vid_results.json").read_text())
    assert said["skipped"] == {"frames": 1, "files": ["v/1.JPEG"]}
    assert said["frames"] == 3
    assert "The image of 1 frame could not be read" in caplog.text
