"""Skipped items: what a resumed training says is what an undisturbed one says, for any number of ranks."""

from __future__ import annotations

import errno
import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from dnt_d2.data.counting_loader import CountingLoader
from dnt_d2.faults import Skip, Tally
from dnt_d2.training.skipped_items import SkippedItems

MAX_ITER, PERIOD = 10, 4


def skips_at(iteration: int, rank: int) -> list[list[Skip]]:
    """Of each rank another pattern: in some iterations two items, one with two files."""
    if (iteration + rank) % 3:
        return []
    names = [f"{rank}-{iteration}-{k}" for k in range(3)]
    one, two, three = (Skip("broken image", name, f"{name}: broken") for name in names)
    return [[one, two], [three]]


class Loader(CountingLoader):
    """Gives what its rank passes over in the iteration of the moment."""

    def __init__(self, left_out: Tally, rank: int) -> None:
        super().__init__([], left_out=left_out)  # type: ignore[arg-type]
        self.rank, self.iteration = rank, 0

    def take(self) -> list[list[Skip]]:
        return skips_at(self.iteration, self.rank)


class Run:
    """Some ranks in one process: each has its hook, and the first gathers."""

    def __init__(self, folder: Path, ranks: int, start: int, left_out: Tally | None = None) -> None:
        self.folder, self.ranks = folder, ranks
        self.hooks: list[SkippedItems] = []
        for rank in range(ranks):
            with self._as(rank):
                hook = SkippedItems(folder, PERIOD)
                loader = Loader(left_out or Tally(), rank)
                hook.trainer = SimpleNamespace(iter=start, start_iter=start, max_iter=MAX_ITER, data_loader=loader)
                hook.before_train()
                self.hooks.append(hook)

    def _as(self, rank: int) -> Any:
        shares = [(hook._tally, hook._again) for hook in self.hooks]
        return patch.multiple(
            "dnt_d2.training.skipped_items.comm",
            get_rank=lambda: rank,
            get_world_size=lambda: self.ranks,
            is_main_process=lambda: rank == 0,
            synchronize=lambda: None,
            gather=lambda share: shares,
        )

    def go(self, start: int, stop: int) -> None:
        for iteration in range(start, stop):
            for rank in reversed(range(self.ranks)):  # the first rank last, when the others have counted
                hook = self.hooks[rank]
                hook.trainer.iter = hook.trainer.data_loader.iteration = iteration
                with self._as(rank):
                    if rank == 0:
                        hook._note(hook.trainer.data_loader.take())
                        with patch.object(Loader, "take", return_value=[]), self._as(0):
                            hook.after_step()
                    else:
                        hook.after_step()


def said(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "skipped.json").read_text())


def expected(ranks: int, iterations: range = range(MAX_ITER)) -> dict[str, Any]:
    found = [skips for rank in range(ranks) for i in iterations for skips in skips_at(i, rank)]
    return {"drawn_again": len(found), "files": {s.path: s.why for skips in found for s in skips}}


@pytest.mark.parametrize("ranks", [1, 3])
def test_all_of_an_undisturbed_training(tmp_path: Path, ranks: int, caplog: pytest.LogCaptureFixture) -> None:
    Run(tmp_path, ranks, 0).go(0, MAX_ITER)
    found = said(tmp_path)
    assert (found["iterations"], found["ranks"]) == (MAX_ITER, ranks)
    assert found["items"]["drawn_again"] == expected(ranks)["drawn_again"]
    assert found["items"]["files"] == expected(ranks)["files"]
    assert found["items"]["counts"] == {"broken image": len(expected(ranks)["files"])}
    last = caplog.records[-1].message
    assert f"{found['items']['drawn_again']} items of {MAX_ITER} iterations were drawn again" in last


@pytest.mark.parametrize(("killed", "saved"), [(6, 4), (9, 8), (3, 0), (4, 4)])
@pytest.mark.parametrize("ranks", [1, 2])
def test_killed_and_resumed(tmp_path: Path, killed: int, saved: int, ranks: int) -> None:
    Run(tmp_path / "straight", ranks, 0).go(0, MAX_ITER)
    Run(tmp_path / "killed", ranks, 0).go(0, killed)
    for path in (tmp_path / "killed").glob("skipped/*"):
        path.write_text(path.read_text() + '[7, 0, ["brok')  # cut off by the kill
    Run(tmp_path / "killed", ranks, saved).go(saved, MAX_ITER)
    assert said(tmp_path / "killed") == said(tmp_path / "straight")


def test_ranks_that_are_no_more_still_count(tmp_path: Path) -> None:
    Run(tmp_path, 3, 0).go(0, 6)
    Run(tmp_path, 1, 4).go(4, MAX_ITER)
    files = expected(3, range(4))["files"] | expected(1, range(4, MAX_ITER))["files"]
    assert said(tmp_path)["items"]["files"] == files


@pytest.fixture
def nothing_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Loader, "take", lambda self: [])


@pytest.mark.usefixtures("nothing_is_skipped")
def test_where_nothing_was_passed_over_nothing_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "skipped.json").write_text("{}")  # of an earlier training
    Run(tmp_path, 2, 0).go(0, MAX_ITER)
    assert list(tmp_path.iterdir()) == []
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


@pytest.mark.usefixtures("nothing_is_skipped")
def test_what_was_left_out_at_the_start_counts_once(tmp_path: Path) -> None:
    left_out = Tally()
    left_out.add(Skip("missing annotation", "a.xml", "a.xml is missing"))
    Run(tmp_path, 3, 0, left_out).go(0, MAX_ITER)
    assert said(tmp_path)["left_out"] == left_out.as_dict()
    assert said(tmp_path)["items"] == {"drawn_again": 0, "counts": {}, "files": {}}


def test_a_full_disk_costs_no_training(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    Run(tmp_path, 1, 0).go(0, 7)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        Run(tmp_path / "full", 1, 0).go(0, 4)
    with patch("dnt_d2.training.skipped_items.whole_file", side_effect=OSError(errno.ENOSPC, "full")):
        Run(tmp_path, 1, 4).go(4, MAX_ITER)
    assert {
        r.message.split(": ")[-1].split(";")[-1].strip() for r in caplog.records if "can't be written" in r.message
    } == {
        "if this run is resumed, it counts too few",
        "what is done again counts twice",
        "it is tried again at the next checkpoint",
    }
