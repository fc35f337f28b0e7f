"""dnt_d2/evaluation/progress.py: frames of all ranks, added up through files."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from dnt_d2.evaluation import progress
from dnt_d2.evaluation.progress import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock says; to be set."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_nothing_done(clock: list[float]) -> None:
    assert Progress(0, None).line() == "0/0 frames on 1 rank, 0.0 frames/s"
    clock[0] += 5
    assert Progress(7, None, ranks=2).line() == "0/7 frames on 2 ranks, 0.0 frames/s"


def test_without_a_folder_a_rank_counts_itself(clock: list[float], caplog: pytest.LogCaptureFixture) -> None:
    counter = Progress(7000, None)
    clock[0] += 4
    with caplog.at_level(logging.INFO):
        counter.add(2)
        counter.add()
        assert caplog.text == ""
        clock[0] += 6
        counter.add(997)
        counter.add(0)
    counter.close()
    assert [record.message for record in caplog.records] == ["1000/7000 frames on 1 rank, 100.0 frames/s, 0:01:00 left"]
    assert counter.done() == 1000


def test_ranks_add_up(tmp_path: Path, clock: list[float], caplog: pytest.LogCaptureFixture) -> None:
    ranks = [Progress(100, tmp_path / "new" / "folder", rank=rank, ranks=3) for rank in range(3)]
    with caplog.at_level(logging.INFO):
        for rank, counter in enumerate(ranks):
            counter.add(10 * (rank + 1))
        assert ranks[0].done() == 10  # nobody has written yet: that is done once in a second
        clock[0] += 1
        for counter in ranks[1:]:
            counter.add(5)
        assert ranks[0].done() == 10 + 25 + 35
        assert ranks[1].done() == 25 + 0 + 35
        clock[0] += 9
        for counter in reversed(ranks):
            counter.add(1)
    # The first one tells; what the others said last counts.
    assert [record.message for record in caplog.records] == ["73/100 frames on 3 ranks, 7.3 frames/s, 0:00:04 left"]


def test_the_last_frames_are_counted_too(tmp_path: Path, clock: list[float]) -> None:
    first, second = (Progress(9, tmp_path, rank=rank, ranks=2) for rank in range(2))
    second.add(4)
    assert first.done() == 0
    second.close()
    assert first.done() == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rank_0", "rank_1"]


@pytest.mark.parametrize("content", [None, "", "half a word"])
def test_a_rank_that_has_said_nothing_has_done_nothing(tmp_path: Path, content: str | None) -> None:
    counter = Progress(9, tmp_path, ranks=3)
    (tmp_path / "rank_1").write_text("4")
    if content is not None:
        (tmp_path / "rank_2").write_text(content)
    counter.add(1)
    assert counter.done() == 5


def test_a_count_that_can_t_be_written_stops_nobody(tmp_path: Path, clock: list[float]) -> None:
    """A disk is full, or another rank reads the file just now, which Windows doesn't let replace then."""
    counter = Progress(9, tmp_path, rank=1, ranks=2)
    (tmp_path / "rank_1").unlink()
    (tmp_path / "rank_1").mkdir()
    clock[0] += 10
    counter.add(4)
    assert counter.done() == 4
    assert Progress(9, tmp_path, ranks=2).done() == 0  # nor can it be read


def test_files_of_a_run_before_do_not_count(tmp_path: Path) -> None:
    """Of more ranks, or of the same rank."""
    for rank in range(4):
        (tmp_path / f"rank_{rank}").write_text("100")
    first, second = (Progress(9, tmp_path, rank=rank, ranks=2) for rank in range(2))
    assert first.done() == second.done() == 0


def test_more_frames_than_expected(clock: list[float]) -> None:
    counter = Progress(3, None)
    clock[0] += 2
    counter.add(4)
    assert counter.line() == "4/3 frames on 1 rank, 2.0 frames/s, 0:00:00 left"
