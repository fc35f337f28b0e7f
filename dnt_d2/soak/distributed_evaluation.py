"""Evaluations whose ranks are killed, or have no common disk."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .distributed_cases import LIMIT, Case, seconds_of, signal_rank, strike
from .distributed_reference import Reference
from .distributed_starts import Started, Way
from .record import Fault


def killed_in_evaluation(reference: Reference, ways: Sequence[Way]) -> Fault:
    """Once a video is saved one rank gets SIGKILL; the same command then ends with the same numbers."""
    start, cases, kept, equal = time.monotonic(), [], [], 0
    for way in ways:
        name = f"eval_killed_{way.name}"
        started = reference.start_evaluation(way, name)
        case = Case(way, name, started)
        saved = started.output / "inference" / "minivid_val_seen" / "runs"
        strike(case, partial(_saved_videos, saved), partial(signal_rank, case, signal.SIGKILL))
        kept.append(len(_saved_videos(saved)))
        equal += reference.is_expected(reference.evaluate(way, name))
        cases.append(case)
    return Fault(
        "distributed",
        "a rank is killed (SIGKILL) in an evaluation",
        f"all end with an error within {LIMIT:g} s; the same command again gives one process's numbers",
        injected=len(cases),
        survived=sum(case.seconds is not None and case.names_the_rank for case in cases)
        if equal == len(cases)
        else equal,
        lost=reference.videos * (len(cases) - equal),
        unit="videos",
        seconds=time.monotonic() - start,
        details={"seconds_to_the_end": seconds_of(cases), "videos_kept": kept},
    )


def apart(reference: Reference) -> Fault:
    """Two machines whose OUTPUT_DIR is on disks of their own, as far as they can tell."""
    start, way = time.monotonic(), Way("launch", 1, machines=2)
    first, second = (reference.run.folder / name for name in ("disk_0", "disk_1"))

    def launch(*options: str, **keys: Any) -> tuple[list[int | None], str]:
        command = reference.command("disk_0", *options, **keys)
        commands = way.commands(command)
        commands[1] = [str(second) if word == str(first) else word for word in commands[1]]
        log = first.with_suffix(".log")
        log.unlink(missing_ok=True)
        return Started.start(reference.run, "disk_0", commands).wait(), log.read_text(errors="replace")

    test = {"DATASETS__TEST": '("minivid_val_seen",)', "MODEL__WEIGHTS": reference.taught}
    refused = [launch("--eval-only", **test)]
    shutil.rmtree(second, ignore_errors=True)
    shutil.copytree(first, second)  # an older copy must not pass for a shared disk
    refused.append(launch("--eval-only", **test))
    codes, _ = launch("--eval-only", **test, TEST__SAVE_RUN=False)
    results = first / "inference" / "minivid_val_seen" / "vid_results.json"
    without = codes == [0, 0] and reference.is_part(json.loads(results.read_text()))
    return Fault(
        "distributed",
        "two machines without a common disk: an evaluation, one with an old copy, one with TEST.SAVE_RUN False",
        "the first two are refused, and say that all machines must share OUTPUT_DIR; the last gives equal numbers",
        injected=3,
        survived=sum(all(codes) and "that all machines share" in text for codes, text in refused) + without,
        lost=0,
        unit="videos",
        seconds=time.monotonic() - start,
    )


def _saved_videos(runs: Path) -> list[Path]:
    return list(runs.glob("*/videos/0*.npz"))
