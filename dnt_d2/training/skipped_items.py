"""What was passed over in a training (DATASETS.ON_FAULT "skip"): kept through kills, of all ranks, told at the end."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from detectron2.engine import HookBase
from detectron2.utils import comm

from ..data.counting_loader import CountingLoader
from ..faults import Skip, Tally
from ..whole_file import whole_file

logger = logging.getLogger(__name__)


class _Line(NamedTuple):
    """One fault of one item: a line of a rank's file."""

    iteration: int
    item: int  # of the iteration, on this rank
    skip: Skip


class SkippedItems(HookBase):
    """Writes ``skipped.json``, at each checkpoint and at the end, and says at the end what is in it.

    Each rank notes its faults in ``skipped/rank_<r>.jsonl`` as they come. A resumed training first drops those of
    iterations that it will do again, so the count is that of an uninterrupted one: of all iterations from the first on.
    Where nothing was passed over there are no files.

    To be registered before the periodic checkpoints.
    """

    def __init__(self, folder: str | Path, period: int) -> None:
        """
        Args:
            folder: OUTPUT_DIR.
            period: iterations between two checkpoints.
        """
        self._folder, self._period = Path(folder), period
        self._own = _path(self._folder, comm.get_rank())
        self._tally, self._again = Tally(), 0
        self._others: tuple[Tally, int] = (Tally(), 0)

    def before_train(self) -> None:
        """Forget what will be done again; on the first rank, for ranks too that are no more."""
        start = self.trainer.start_iter
        if comm.is_main_process():
            if start == 0:
                (self._folder / "skipped.json").unlink(missing_ok=True)
            for path in self._folder.glob("skipped/rank_*.jsonl"):
                _drop(path, start)
        comm.synchronize()
        _drop(self._own, start)  # where machines don't share the folder
        self._tally, self._again = _count(self._own)
        gone = [p for p in self._folder.glob("skipped/rank_*.jsonl") if _rank_of(p) >= comm.get_world_size()]
        counted = [_count(path) for path in gone]
        self._others = _join(counted)

    def after_step(self) -> None:
        loader = self.trainer.data_loader
        if isinstance(loader, CountingLoader):
            self._note(loader.take())
        done = self.trainer.iter + 1
        if done == self.trainer.max_iter or (self._period > 0 and done % self._period == 0):
            self._write(done)

    def _note(self, news: list[list[Skip]]) -> None:
        lines = [_Line(self.trainer.iter, k, skip) for k, skips in enumerate(news) for skip in skips]
        self._again += len(news)
        for line in lines:
            self._tally.add(line.skip)
        if not lines:
            return
        try:
            self._own.parent.mkdir(parents=True, exist_ok=True)
            with self._own.open("a", encoding="utf-8", errors="surrogateescape") as file:
                file.writelines(json.dumps(line) + "\n" for line in lines)
        except OSError as error:
            logger.warning(f"{self._own} can't be written ({error}): if this run is resumed, it counts too few")

    def _write(self, done: int) -> None:
        """Put all ranks together, on all ranks at once."""
        shares = comm.gather((self._tally, self._again))
        if not comm.is_main_process():
            return
        tally, again = _join([*shares, self._others])
        loader = self.trainer.data_loader
        left_out = loader.left_out if isinstance(loader, CountingLoader) else Tally()
        if not (tally or left_out):
            return
        path = self._folder / "skipped.json"
        items = {"drawn_again": again, **tally.as_dict()}
        content = {"iterations": done, "ranks": len(shares), "items": items, "left_out": left_out.as_dict()}
        try:
            with whole_file(path) as file:
                file.write(json.dumps(content, indent=2).encode("utf-8", "surrogateescape"))
        except OSError as error:
            logger.warning(f"{path} can't be written ({error}); it is tried again at the next checkpoint")
        if done == self.trainer.max_iter:
            logger.warning(_sentence(content, tally, left_out, path))


def _sentence(content: dict, tally: Tally, left_out: Tally, path: Path) -> str:
    parts = [f"left out of the training data: {left_out}"] if left_out else []
    if tally:
        count = content["items"]["drawn_again"]
        parts.append(f"{count} items of {content['iterations']} iterations were drawn again: {tally}")
    return f"passed over, since DATASETS.ON_FAULT is 'skip': {'; '.join(parts)}. All of it is in {path}"


def _path(folder: Path, rank: int) -> Path:
    return folder / "skipped" / f"rank_{rank}.jsonl"


def _rank_of(path: Path) -> int:
    number = path.stem.removeprefix("rank_")
    return int(number) if number.isdecimal() else -1


def _lines(path: Path) -> Iterator[_Line]:
    """The lines of a file; one that a kill cut off, or the file that isn't there, has none."""
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    for line in text.splitlines():
        try:
            iteration, item, (what, name, why) = json.loads(line)
        except (ValueError, TypeError):
            continue
        yield _Line(int(iteration), int(item), Skip(what, name, why))


def _drop(path: Path, start: int) -> None:
    """Keep the lines of iterations before ``start``; a file without any goes."""
    lines = list(_lines(path))
    kept = [line for line in lines if line.iteration < start]
    try:
        if not kept:
            path.unlink(missing_ok=True)
        elif len(kept) < len(lines):
            with whole_file(path) as file:
                file.write("".join(json.dumps(line) + "\n" for line in kept).encode("utf-8", "surrogateescape"))
    except OSError as error:
        logger.warning(f"{path} can't be written ({error}): what is done again counts twice")


def _count(path: Path) -> tuple[Tally, int]:
    tally, items = Tally(), set()
    for line in _lines(path):
        tally.add(line.skip)
        items.add((line.iteration, line.item))
    return tally, len(items)


def _join(shares: list[tuple[Tally, int]]) -> tuple[Tally, int]:
    total, items = Tally(), 0
    for tally, count in shares:
        total.join(tally)
        items += count
    return total, items
