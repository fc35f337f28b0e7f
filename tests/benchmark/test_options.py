"""dnt_d2/benchmark/options.py: sizes, words, and the command line that gives the same."""

from __future__ import annotations

from pathlib import Path

import torch

from dnt_d2.benchmark.options import Options


def test_as_usual() -> None:
    assert Options().arguments == []
    assert Options().scaled(100) == 100
    assert Options().torch_dtype == torch.float32
    assert Options().setting == f"{torch.get_num_threads()} threads, float32"


def test_other_options() -> None:
    options = Options(dtype="bfloat16", channels_last=True, seed=3, scale=0.01, folder=Path("room"))
    assert options.arguments == [
        "--dtype",
        "bfloat16",
        "--seed",
        "3",
        "--scale",
        "0.01",
        "--folder",
        "room",
        "--channels-last",
    ]
    assert (options.scaled(1000), options.scaled(1, least=4)) == (10, 4)
    assert options.setting.endswith("bfloat16, channels-last, at 0.01 of the full size")
