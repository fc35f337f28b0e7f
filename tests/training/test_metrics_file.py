"""metrics.json: what Detectron2's writer would have written, once, though there were kills and full disks."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from detectron2.utils.events import EventStorage, JSONWriter

from dnt_d2.training.metrics_file import MetricsFile, Spared


def train(writers: list[Any], start: int, stop: int, period: int = 5) -> None:
    """Iterations that record a loss, a slower scalar and now and then an evaluation, as Detectron2 does."""
    with EventStorage(start) as storage:
        for i in range(start, stop):
            storage.iter = i
            storage.put_scalars(loss=(i * 7919) % 13 / 4, lr=0.1)
            if i % 4 == 3:
                storage.put_scalar("AP", float("nan") if i == 3 else i, smoothing_hint=False)
            if (i + 1) % period == 0:
                for writer in writers:
                    writer.write()


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def iterations(path: Path) -> list[int]:
    return [line["iteration"] for line in lines(path)]


def test_nothing_recorded_is_no_file(tmp_path: Path) -> None:
    metrics = MetricsFile(tmp_path / "new" / "metrics.json")
    with EventStorage(0):
        metrics.write()
    assert metrics.cut_back(-1, -1) == {}
    assert list((tmp_path / "new").iterdir()) == []


def test_the_same_lines_as_detectron2(tmp_path: Path) -> None:
    metrics, reference = MetricsFile(tmp_path / "ours.json"), JSONWriter(str(tmp_path / "theirs.json"))
    train([metrics, reference], 0, 20)
    reference.close()
    found, expected = ((tmp_path / name).read_text().splitlines() for name in ("ours.json", "theirs.json"))
    assert sorted(found) == sorted(expected)
    assert iterations(tmp_path / "ours.json") == sorted(iterations(tmp_path / "theirs.json"))
    assert metrics.written == 19


@pytest.mark.parametrize("rest", [b"", b'{"iteration": 20, "lo', b'{"iteration": 20}\n\n\0\0\0', b"[1]\nnull\n{}\n"])
def test_cut_back_to_the_checkpoint(tmp_path: Path, rest: bytes) -> None:
    """Half a line, too, and what a loss of power has left."""
    path = tmp_path / "metrics.json"
    train([MetricsFile(path)], 0, 20)
    whole = path.read_bytes()
    path.write_bytes(whole + rest)
    metrics = MetricsFile(path)
    dropped = metrics.cut_back(9, 14)
    assert dropped["iteration"] == 14
    assert metrics.written == 9
    assert whole.startswith(path.read_bytes())
    assert max(iterations(path)) == 9
    train([metrics], 10, 20)
    assert iterations(path) == sorted(json.loads(line)["iteration"] for line in whole.splitlines())


def test_lines_that_stand_twice_stand_once_then(tmp_path: Path) -> None:
    """Detectron2's writer appends; the later one is that of the weights that were kept."""
    path = tmp_path / "metrics.json"
    path.write_text("".join(f'{{"iteration": {i}, "x": {x}}}\n' for x, i in enumerate([4, 9, 14, 9, 14, 19])))
    assert MetricsFile(path).cut_back(14, 14) == {}
    assert [(line["iteration"], line["x"]) for line in lines(path)] == [(4, 0), (9, 3), (14, 4)]


def test_a_full_disk_costs_no_line(tmp_path: Path, largest_file: Callable[..., Any], caplog: Any) -> None:
    path = tmp_path / "metrics.json"
    metrics, reference = MetricsFile(path), MetricsFile(tmp_path / "reference.json")
    with EventStorage(0) as storage:
        for i in range(30):
            storage.iter = i
            storage.put_scalars(loss=i, lr=0.1)
            reference.write()
            if 10 <= i < 20:
                with largest_file(path.stat().st_size + 20), caplog.at_level(logging.ERROR):
                    metrics.write()
                assert path.read_bytes().endswith(b'"iteration": 9, "loss": 4.5, "lr": 0.1}\n')  # not half a line more
            else:
                metrics.write()
    assert path.read_bytes() == (tmp_path / "reference.json").read_bytes()
    assert len(caplog.records) == 1  # not one for each write
    assert f"{path} can't be written: " in caplog.text
    assert "The training goes on" in caplog.text


class Failing:
    """TensorBoard's writer, whose thread has died."""

    def __init__(self) -> None:
        self.writes = 0

    def write(self) -> None:
        self.writes += 1
        if self.writes == 2:
            raise OSError(28, "No space left on device")

    def close(self) -> None:
        raise AssertionError("nothing is left to be closed")


def test_a_writer_that_fails_is_left_off(caplog: pytest.LogCaptureFixture) -> None:
    made: list[Failing] = []

    def make() -> Failing:
        made.append(Failing())
        return made[-1]

    writer = Spared(make)
    writer.close()
    assert made == []
    with caplog.at_level(logging.ERROR):
        for _ in range(4):
            writer.write()
        writer.close()
    assert [x.writes for x in made] == [2]
    assert "Failing is left off until the training starts again: [Errno 28] No space left" in caplog.text
