"""dnt_d2/study/move_pass.py: the command builds the network that was trained, and its numbers come back."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

from dnt_d2.evaluation.tables import write_json
from dnt_d2.study.commands import Workshop
from dnt_d2.study.design import CONFIGS, NO_TRACKING, SEEN, Training
from dnt_d2.study.move_measurement import measure_moves
from dnt_d2.study.move_pass import TAUS, get_parser, measure, moves_of, template_reach
from dnt_d2.study.move_summary import summarise_by_tau

pytestmark = pytest.mark.usefixtures("tiny_datasets", "loggers_as_before")

Make = Callable[..., Any]
NONE = tuple(x for key in ("IN_FEATURES", "STRIDES", "DISPLACEMENT_STRIDES") for x in (f"MODEL.TRACK_HEAD.{key}", []))
CLASSES = ("MODEL.ROI_HEADS.NUM_CLASSES", 30)


@dataclass(frozen=True)
class Shop(Workshop):
    """Runs its commands in this process."""

    commands: list[list[str]] = field(default_factory=list)

    def run(self, command: Sequence[str]) -> None:
        self.commands.append(list(command))
        assert command[:2] == ["-m", "dnt_d2.study.move_pass"]
        args = get_parser().parse_args(command[2:])
        write_json(args.output, measure(args))


@pytest.fixture
def make_shop(
    small_cfg: Make, small_model: Make, tmp_path: Path, tiny_datasets: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Shop, Training, Any]]:
    """A finished training with these changes, and its config."""

    def make(*changes: Any, test: tuple[Any, ...] = ()) -> tuple[Shop, Training, Any]:
        monkeypatch.chdir(tmp_path)
        (tmp_path / CONFIGS).mkdir(parents=True)
        (tmp_path / CONFIGS / "DnT_EfficientNet_Lite0.yaml").write_text(small_cfg(*CLASSES).dump())
        cfg = small_cfg(*CLASSES, *changes)
        training = Training("trained", "DnT_EfficientNet_Lite0.yaml", 1, changes=changes, test=test)
        shop = Shop(tmp_path, Path("study"), tiny_datasets, cfg.MODEL.DEVICE)
        shop.place(training.name).mkdir(parents=True)
        torch.save({"model": small_model(cfg, lively=True).state_dict()}, shop.weights(training.name))
        return shop, training, cfg

    return make


def test_no_data_sets_no_moves(make_shop: Callable[..., tuple[Shop, Training, Any]]) -> None:
    shop, training, _ = make_shop()
    found = moves_of(shop, training, ())
    assert found == {"moves": {}, "reach_px": {"res5": 32, "res3": 16, "res4": 32}, "template_reach_px": 32, "every": 5}


def test_the_trained_head_moves_what_is_there(
    make_shop: Callable[..., tuple[Shop, Training, Any]], small_model: Make
) -> None:
    changes = ("MODEL.TRACK_HEAD.NORM", "softmax", "MODEL.TRACK_HEAD.MAX_DISPLACEMENT", 3)
    shop, training, cfg = make_shop(*changes)
    found = moves_of(shop, training, (SEEN,), every=2)
    model = small_model(cfg, lively=True)
    expected = summarise_by_tau(measure_moves(cfg, model, SEEN, reach=48, taus=TAUS, every=2))
    assert found["moves"] == {SEEN: json.loads(json.dumps(expected))}
    assert expected["1"]["boxes"] > 0
    assert (found["reach_px"]["res5"], found["template_reach_px"], found["every"]) == (48, 48, 2)
    (command,) = shop.commands
    assert all(Path(word).is_absolute() for word in command if word.endswith((".json", ".pth")))


def test_a_head_without_correlation_reaches_nowhere(make_shop: Callable[..., tuple[Shop, Training, Any]]) -> None:
    shop, training, _ = make_shop(*NONE)
    found = moves_of(shop, training, (SEEN,), every=4)
    assert (found["reach_px"], found["template_reach_px"]) == ({}, 32)
    assert found["moves"][SEEN]["1"]["boxes"] > 0


def test_d_moves_nothing(make_shop: Callable[..., tuple[Shop, Training, Any]], small_model: Make) -> None:
    shop, training, cfg = make_shop(test=NO_TRACKING)
    with pytest.raises(ValueError, match=r"no track head \(D\)"):
        moves_of(shop, training, (SEEN,))
    cfg.MODEL.TRACK_HEAD.NAME = ""
    with pytest.raises(ValueError, match=r"no track head \(D\)"):
        template_reach(small_model(cfg))
