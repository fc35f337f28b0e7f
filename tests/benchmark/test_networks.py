"""dnt_d2/benchmark/networks.py: networks that say something, other ways to run them, and clips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from dnt_d2.benchmark.networks import D, Player, another_way, load_config, made_clip, network_inputs, random_network

Make = Callable[..., Any]


def test_configs_need_no_files() -> None:
    cfg = load_config("DnT_R_101.yaml", "MODEL.DEVICE", "cpu")
    assert cfg.MODEL.RESNETS.DEPTH == 101
    assert cfg.MODEL.WEIGHTS == ""
    assert cfg.DATASETS.TRAIN == cfg.DATASETS.TEST == ()


def test_no_clip() -> None:
    assert list(made_clip(0, 32, 48)) == []


def test_a_clip_moves() -> None:
    first, second = made_clip(2, 32, 48, seed=1)
    assert first.shape == second.shape == (32, 48, 3)
    assert first.std() > 10
    assert np.array_equal(first[4:, 8:], second[:-4, :-8])
    assert np.array_equal(first, next(made_clip(2, 32, 48, seed=1)))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_network_finds_some_boxes_and_tracks_some(small_cfg: Make, precision: str) -> None:
    cfg = small_cfg("TEST.PRECISION", precision)
    player = Player(random_network(cfg), network_inputs(made_clip(3, 96, 128)))
    player()
    player()
    (output,) = player.outputs
    scores = output["link_candidates"].class_scores
    assert 0.05 < scores.max(dim=1).values.median() < 0.95
    assert len(output["instances"]) > 0
    assert len(output["tracklets"]) > 0


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_a_player_goes_on_for_ever(small_cfg: Make, chunk: int) -> None:
    player = Player(random_network(small_cfg()), network_inputs(made_clip(3, 96, 128)), chunk)
    for t in range(4):
        player()
        assert len(player.outputs) == chunk
        assert all(len(x["tracklets"]) > 0 for x in player.outputs[t == 0 :])


def test_the_same_weights_in_another_way(small_cfg: Make) -> None:
    cfg = small_cfg()
    model, clip = random_network(cfg), network_inputs(made_clip(1, 96, 128))
    alone, half = another_way(model, cfg, *D), another_way(model, cfg, "TEST.PRECISION", "bfloat16")
    assert alone.track_head is None
    assert half.precision == "bfloat16"
    players = [Player(x, clip) for x in (model, alone)]
    for player in players:
        player()
    mine, other = (player.outputs[0]["instances"].scores for player in players)
    assert torch.equal(mine, other)
    assert cfg.MODEL.TRACK_HEAD.NAME  # the config is as before
