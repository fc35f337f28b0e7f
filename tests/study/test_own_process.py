"""dnt_d2/study/own_process.py: the command that a question becomes, and the way back of its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dnt_d2.evaluation.tables import write_json
from dnt_d2.study.commands import Workshop
from dnt_d2.study.design import Training
from dnt_d2.study.own_process import ask_apart, get_parser


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
