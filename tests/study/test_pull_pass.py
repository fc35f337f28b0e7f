"""dnt_d2/study/pull_pass.py: the gradients of a training are measured at its checkpoints, on its own pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dnt_d2.study.design import NO_TRACKING, PULLS_AT
from dnt_d2.study.pull_pass import pulls_of

pytestmark = pytest.mark.usefixtures("tiny_datasets", "loggers_as_before")

Make = Callable[..., Any]


def test_every_checkpoint_on_the_same_pairs(make_finished: Make) -> None:
    shop, training, _ = make_finished(weights=PULLS_AT)
    found = pulls_of(shop, training, batches=2)
    assert list(found) == list(PULLS_AT)
    assert found[PULLS_AT[0]] == found[PULLS_AT[1]]  # the two files hold the same weights
    assert found[PULLS_AT[0]]["all"]["batches"] == 2
    assert found[PULLS_AT[0]]["trunk"]["tracking"] > 0
    assert [command[command.index("SEED") + 1] for command in shop.commands] == ["1", "1"]


def test_d_has_no_tracking_loss(make_finished: Make) -> None:
    shop, training, _ = make_finished(test=NO_TRACKING, weights=PULLS_AT)
    with pytest.raises(ValueError, match=r"no track head \(D\)"):
        pulls_of(shop, training, batches=1)


def test_a_training_without_such_a_checkpoint(make_finished: Make) -> None:
    shop, training, _ = make_finished()
    with pytest.raises(FileNotFoundError, match=r"model_0000299"):
        pulls_of(shop, training, batches=1)
