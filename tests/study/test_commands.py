"""Commands of their own: what is finished is not done again, and minutes add up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from dnt_d2.study import commands
from dnt_d2.study.commands import Workshop, passes, train
from dnt_d2.study.design import NOVEL, SEEN, core
from dnt_d2.study.network_pass import get_parser

D, LONGER, DNT = core(1)
RECIPE = {"seed": 1}


class Noting(Workshop):
    """Runs nothing, but leaves what a command would leave."""

    ran: ClassVar[list[Sequence[str]]] = []

    def run(self, command: Sequence[str]) -> None:
        self.ran.append(command)
        opts = dict(zip(command[::-1][1::2], command[::-1][::2], strict=False))
        folder = Path(command[command.index("OUTPUT_DIR") + 1])
        if command[0] == "train_net.py":
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "model_final.pth").touch()
            return
        for name in opts["DATASETS.TEST"].strip("()").replace("'", "").split(","):
            if name.strip():
                (folder / "inference" / name.strip()).mkdir(parents=True)
                (folder / "inference" / name.strip() / "vid_results.json").touch()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Noting:
    monkeypatch.setattr(Noting, "ran", [])
    monkeypatch.setattr(commands, "SavedRun", lambda folder: folder)
    return Noting(tmp_path, tmp_path / "work", tmp_path / "data")


def test_a_command_that_fails_says_what_to_do(tmp_path: Path) -> None:
    shop = Workshop(tmp_path, tmp_path, tmp_path)
    with pytest.raises(RuntimeError, match=r"`python -c 'raise SystemExit\(3\)'` failed with exit status 3; .* again"):
        shop.run(["-c", "raise SystemExit(3)"])
    shop.run(["-c", f"import os; assert os.environ['DETECTRON2_DATASETS'] == {str(tmp_path)!r}"])


def test_a_training_is_done_once_and_its_minutes_are_kept(shop: Noting) -> None:
    minutes = train(shop, D, RECIPE)
    assert train(shop, D, RECIPE) == minutes
    (command,) = shop.ran
    assert "--resume" in command
    assert "MODEL.WEIGHTS" not in command
    assert json.loads((shop.place(D.name) / "training.json").read_text(encoding="utf-8"))["seconds"] > 0


def test_what_another_recipe_left_is_not_taken(shop: Noting) -> None:
    train(shop, D, RECIPE)
    (shop.place(D.name) / "runs").mkdir()
    train(shop, D, {"seed": 2})
    assert len(shop.ran) == 2
    assert not (shop.place(D.name) / "runs").exists()


def test_a_training_that_fails_keeps_its_checkpoints_and_its_minutes(
    shop: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(self: Noting, command: Sequence[str]) -> None:
        (self.place(D.name) / "model_0000099.pth").touch()
        raise RuntimeError("stopped")

    with monkeypatch.context() as patch:
        patch.setattr(Noting, "run", stopped)
        with pytest.raises(RuntimeError, match="stopped"):
            train(shop, D, RECIPE)
    assert json.loads((shop.place(D.name) / "training.json").read_text(encoding="utf-8"))["seconds"] > 0
    train(shop, D, RECIPE)
    assert (shop.place(D.name) / "model_0000099.pth").exists()


def test_the_second_stage_begins_with_the_weights_of_the_first(shop: Noting) -> None:
    train(shop, LONGER, RECIPE)
    words = list(shop.ran[0])
    assert words[words.index("MODEL.WEIGHTS") + 1] == str(shop.weights(D.name))
    assert words[words.index("MODEL.TRACK_HEAD.LOSS_WEIGHT") + 1] == "0.0"


def test_a_pass_reads_the_data_sets_that_are_missing(shop: Noting) -> None:
    passes(shop, DNT, (NOVEL,))
    runs = passes(shop, DNT, (NOVEL, SEEN))
    assert list(runs) == [NOVEL, SEEN]
    assert [word for command in shop.ran for word in command if word.startswith("('")] == [
        f"('{NOVEL}',)",
        f"('{SEEN}',)",
    ]


def test_passes_of_other_tests_have_other_folders(shop: Noting) -> None:
    folders = [
        passes(shop, DNT, (NOVEL,))[NOVEL],
        passes(shop, DNT, (NOVEL,), "tau_10")[NOVEL],
        passes(shop, DNT, (NOVEL,), changes=("TEST.TEMPORAL_STRIDE", 5))[NOVEL],
        passes(shop, DNT, (NOVEL,), changes=("TEST.TEMPORAL_STRIDE", 2))[NOVEL],
    ]
    assert len(set(map(str, folders))) == 4
    assert len(shop.ran) == 4


def test_d_longer_is_tested_without_its_track_head(shop: Noting) -> None:
    passes(shop, LONGER, (NOVEL,))
    args = get_parser().parse_args(list(shop.ran[0][2:]))
    assert args.opts[args.opts.index("MODEL.TRACK_HEAD.NAME") + 1] == ""
