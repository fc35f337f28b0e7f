"""A training step from its file gives the numbers of the training, and the first module that is at fault."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from detectron2.config import CfgNode
from detectron2.utils.events import EventStorage

from dnt_d2.modeling import DetectAndTrack
from dnt_d2.training.loss_watch import random_states
from dnt_d2.training.replay import network, replay
from dnt_d2.training.step_file import Step

NAN = float("nan")
Make = Callable[..., Any]


@pytest.fixture
def make_step(small_cfg: Make, small_model: Make, make_pair: Make, device: torch.device) -> Callable[..., Step]:
    """``make_step(spoil)``: a step of a network that ``spoil`` changed, with the terms that training had."""

    def make(spoil: Callable[[DetectAndTrack, dict[str, Any]], object] = lambda model, item: None) -> Step:
        cfg: CfgNode = small_cfg()
        model, item = small_model(cfg).train(), make_pair()
        spoil(model, item)
        torch.manual_seed(5)
        random = random_states(device)
        try:
            with EventStorage():
                terms = {name: float(x) for name, x in model([item]).items()}
        except FloatingPointError:
            terms = {}
        torch.manual_seed(6)  # whatever comes later
        fields: dict[str, Any] = {"iteration": 4, "rank": 0, "world_size": 1, "seed": 3, "half": False, "scale": 1.0}
        return Step(
            **fields,
            config=cfg.dump(),
            fault="",
            terms=terms,
            batch=[item],
            weights=model.state_dict(),
            random=random,
        )

    return make


def same(a: dict[str, float], b: dict[str, float]) -> bool:
    return a.keys() == b.keys() and all(math.isclose(a[k], b[k], rel_tol=1e-5) or a[k] != a[k] for k in a)


def test_a_good_step_comes_out_the_same(make_step: Callable[..., Step], device: torch.device, tmp_path: Path) -> None:
    step = make_step()
    step.save(tmp_path / "step.pth")  # the RPN draws its anchors at random
    found = replay(Step.load(tmp_path / "step.pth"), device)
    assert same(found.terms, step.terms)
    assert (found.error, found.batch, found.weights, found.activations, found.gradients) == ("", [], [], [], [])
    assert 0 < found.norm < math.inf
    assert str(found).count("none") == 4
    again = replay(step, device)
    assert same(again.terms, step.terms)
    assert network(step, device).training


def test_double_precision_and_half(make_step: Callable[..., Step], device: torch.device) -> None:
    step = make_step()
    double = replay(step, device, dtype=torch.float64)
    assert double.error == ""
    for name in ("loss_rpn_cls", "loss_track"):  # which don't depend on an order of equal proposals
        assert double.terms[name] == pytest.approx(step.terms[name], rel=1e-3)


def spoil_track_head(model: DetectAndTrack, _item: dict[str, Any]) -> None:
    assert model.track_head is not None
    model.track_head.conv.weight.data[0] = NAN


def test_the_first_module_at_fault_is_named(make_step: Callable[..., Step], device: torch.device) -> None:
    step = make_step(spoil_track_head)
    assert math.isnan(step.terms["loss_track"])
    found = replay(step, device)
    assert same(found.terms, step.terms)
    assert found.weights == ["track_head.conv.weight"]
    assert found.activations[0] == "track_head.conv"
    assert "track_head.conv.weight" in found.gradients
    assert re.search(r"outputs of modules, the first one first: \d+\n    track_head\.conv\n", str(found))


def test_a_picture_at_fault_is_named_though_the_forward_pass_stops(
    make_step: Callable[..., Step], device: torch.device
) -> None:
    def spoil(_model: DetectAndTrack, item: dict[str, Any]) -> None:
        item["next_image"] = item["next_image"].float()
        item["next_image"][0, 0, 0] = NAN

    found = replay(make_step(spoil), device)
    assert found.terms == {}
    assert found.error.startswith("FloatingPointError: the RPN's boxes or scores are not finite (loss_rpn_cls")
    assert found.batch == ["0.next_image"]
    assert found.activations[0] == "backbone.stem.conv1.norm"  # Detectron2 has it inside the convolution
    assert math.isnan(found.norm)
    assert "stopped by FloatingPointError" in str(found)


def test_an_overflow_is_none_in_double_precision(make_step: Callable[..., Step], device: torch.device) -> None:
    def spoil(model: DetectAndTrack, _item: dict[str, Any]) -> None:
        model.roi_heads.cls_conv.weight.data.fill_(1e38)

    step = make_step(spoil)
    assert not math.isfinite(step.terms["loss_cls"])
    assert math.isfinite(replay(step, device, dtype=torch.float64).terms["loss_track"])


# The command


def run_tool(tool: ModuleType, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["replay_batch.py", *words])
    return tool.main()


def test_the_command(
    make_step: Callable[..., Step],
    load_script: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    tool = load_script("tools/replay_batch.py")
    assert run_tool(tool, monkeypatch, str(tmp_path / "none.pth")) == 2
    assert "none.pth" in capsys.readouterr().err
    make_step(spoil_track_head).save(tmp_path / "step.pth")
    with pytest.warns(UserWarning, match="Error detected in"):  # PyTorch shows where the operation was called
        assert run_tool(tool, monkeypatch, str(tmp_path / "step.pth"), "--detect-anomaly") == 0
    said = capsys.readouterr().out
    assert "iteration 4, rank 0 of 1, seed 3: drawn\n" in said
    assert len(re.findall(r"loss_track +nan\n", said)) == 2  # in training, and again
    assert re.search(r"stopped by RuntimeError: Function '\w+' returned nan values", said)
