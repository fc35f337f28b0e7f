"""dnt_d2/study/own_process.py: the command that a question becomes, and the way back of its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

from dnt_d2.evaluation.tables import write_json
from dnt_d2.study.commands import Workshop
from dnt_d2.study.design import CONFIGS, Training
from dnt_d2.study.own_process import ask_apart, get_parser, load_network


@dataclass(frozen=True)
class Shop(Workshop):
    """Answers by what it was asked."""

    commands: list[list[str]] = field(default_factory=list)

    def run(self, command: Sequence[str]) -> None:
        self.commands.append(list(command))
        args = get_parser("a command").parse_args(command[2:])
        write_json(args.output, {"config": args.config_file, "opts": args.opts})


def test_a_question(tmp_path: Path) -> None:
    shop = Shop(tmp_path, tmp_path / "study", tmp_path)
    training = Training("x", "a.yaml", 1, changes=("SEED", 3), test=("MODEL.DEVICE", "cpu"))
    shop.place("x").mkdir(parents=True)
    found = ask_apart(shop, "move_pass", training, ("DATASETS.TEST", ("b",)), weights="model_0000299")
    assert found["config"] == "configs/minivid/study/a.yaml"
    weights = str((tmp_path / "study" / "x" / "model_0000299.pth").resolve())
    theirs = ["DATASETS.TEST", "('b',)", "MODEL.WEIGHTS", weights, "MODEL.DEVICE", "cpu"]
    assert found["opts"] == [*theirs, "SEED", "3", "MODEL.DEVICE", "cpu"]
    assert shop.commands[0][:2] == ["-m", "dnt_d2.study.move_pass"]
    assert (shop.place("x") / "move.json").exists()


@pytest.mark.usefixtures("tiny_datasets", "loggers_as_before")
@pytest.mark.parametrize("training", [False, True])
def test_the_network_in_the_mode_that_is_asked_for(make_finished: Callable[..., Any], training: bool) -> None:
    shop, finished, _ = make_finished("SEED", 7)
    weights = str(shop.place(finished.name) / "model_final.pth")
    words = ["--config-file", f"{CONFIGS}/{finished.config}", "--output", "", "MODEL.WEIGHTS", weights, "SEED", "7"]
    cfg, model = load_network(get_parser("a command").parse_args(words), training=training)
    assert (cfg.SEED, model.training) == (7, training)
    trained = torch.load(weights, weights_only=True)["model"]
    assert all(torch.equal(value, trained[name]) for name, value in model.state_dict().items())
