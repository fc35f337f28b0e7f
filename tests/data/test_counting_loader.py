"""dnt_d2/data/counting_loader.py: what was taken is counted, not what workers have read ahead."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from torch.utils.data import Dataset

from dnt_d2.data.counting_loader import CountingLoader
from dnt_d2.faults import NAMED, Skip, Tally


class Items(Dataset):
    """Of every third number a file could not be read."""

    def __len__(self) -> int:
        return 60

    def __getitem__(self, n: int) -> dict[str, Any]:
        skips = {"skipped": [Skip("broken image", f"f{n}", f"f{n}: broken")]} if n % 3 == 0 else {}
        return {"n": n, **skips}


def loader(workers: int = 0) -> CountingLoader:
    return CountingLoader(Items(), left_out=Tally(), batch_size=4, num_workers=workers, collate_fn=list)


@pytest.mark.parametrize("workers", [0, 2])
def test_counts_are_of_the_batches_taken(workers: int, caplog: pytest.LogCaptureFixture) -> None:
    found, expected = loader(workers), 0
    batches = iter(found)
    for k in range(6):
        assert [item["n"] for item in next(batches)] == list(range(4 * k, 4 * k + 4))
        expected = sum(n % 3 == 0 for n in range(4 * k, 4 * k + 4))
        assert len(found.take()) == expected
    assert found.take() == []
    messages = [r.message for r in caplog.records if r.levelno == logging.WARNING]
    assert messages[:2] == ["passed over: f0: broken", "passed over: f3: broken"]
    assert len(messages) == NAMED + 1  # of 8 files
    assert "skipped.json" in messages[-1]


def test_batches_that_are_no_dicts_have_no_faults() -> None:
    plain = CountingLoader([1, 2, 3], left_out=Tally(), batch_size=2)  # type: ignore[arg-type]
    assert sum(len(batch) for batch in plain) == 3
    assert plain.take() == []
