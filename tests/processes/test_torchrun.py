"""torchrun's variables are read, and what contradicts them is refused."""

from __future__ import annotations

import argparse

import pytest
import torch

from dnt_d2.processes.launching import DEFAULT_URL, argument_parser
from dnt_d2.processes.torchrun import Place, check_gpus, check_options, place_from

SECOND = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
SECOND |= {"MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29500"}


def parse(*options: str) -> argparse.Namespace:
    return argument_parser().parse_args(options)


def test_without_variables_there_is_no_place() -> None:
    assert place_from({}) is None


def test_a_cluster_that_numbers_machines_is_not_torchrun() -> None:
    assert place_from({"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "a", "MASTER_PORT": "1"}) is None


def test_the_place_is_read() -> None:
    place = place_from(SECOND)
    assert place == Place(3, 4, 1, 2)
    assert place.machines == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"LOCAL_WORLD_SIZE": None, "MASTER_PORT": None},
            "not LOCAL_WORLD_SIZE, MASTER_PORT: start the program by",
        ),
        ({"RANK": "4"}, "the environment contradicts itself: RANK=4"),
        ({"LOCAL_RANK": "2"}, "the environment contradicts itself"),
        ({"WORLD_SIZE": "5"}, "give torchrun the same --nproc-per-node everywhere"),
        ({"RANK": "2"}, "numbered one machine after the other"),
    ],
)
def test_broken_variables_are_refused(changes: dict[str, str | None], message: str) -> None:
    environment = {k: v for k, v in (SECOND | changes).items() if v is not None}
    with pytest.raises(ValueError, match=message):
        place_from(environment)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--num-gpus", "4"], "--num-gpus is 4, but torchrun says 2: leave the option away"),
        (["--num-machines", "3"], "--num-machines is 3, but torchrun says 2"),
        (["--machine-rank", "2"], "--machine-rank is 2, but torchrun says 1"),
        (["--dist-url", "tcp://a:1"], "--dist-url is tcp://a:1, but torchrun has its own meeting point"),
    ],
)
def test_options_that_contradict_torchrun_are_refused(options: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_options(parse(*options), Place(3, 4, 1, 2), DEFAULT_URL)


def test_options_that_agree_with_torchrun_pass() -> None:
    place = Place(3, 4, 1, 2)
    check_options(parse(), place, DEFAULT_URL)
    check_options(parse("--num-gpus", "2", "--num-machines", "2", "--machine-rank", "1"), place, DEFAULT_URL)


def test_more_ranks_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check_gpus(2, "--num-gpus")
    with pytest.raises(ValueError, match="--num-gpus is 3, but this machine has 2 GPUs"):
        check_gpus(3, "--num-gpus")
