"""Broken data, on purpose: each fault in the files of a small run, under both policies of DATASETS.ON_FAULT."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .data_evaluation import evaluation_faults
from .data_faults import AGAIN, LEFT_OUT, REFUSED, REPAIRED, TRAINING, DataFault, cut_off, missing_stills
from .data_runs import STEPS, Ended, copy_of, expected_again, finish, without_rights
from .record import Fault, Work
from .small_run import SmallRun

_EXPECTED = {
    AGAIN: "trains to the end; as many items drawn again as the broken files make necessary, all of them named",
    LEFT_OUT: "trains to the end; each planted fault counted, and no other",
    REPAIRED: "trains to the end; nothing passed over",
    REFUSED: "ends at once, with an error that says which file or folder",
}


def run(work: Work) -> Iterator[Fault]:
    """Each kind of fault under "error" and under "skip"; then test sets; then a kill in between."""
    (work.folder / "whole").mkdir(parents=True, exist_ok=True)
    whole = SmallRun.make(work.folder / "whole", *_SETTINGS, seed=work.seed)
    kinds = TRAINING[: work.scaled(len(TRAINING))]
    for place, kind in enumerate(kinds):
        for policy in ("error", "skip"):
            yield _train(whole, work, kind, place, policy)
    if work.amount >= 1:
        yield _killed(whole, work)
    yield from evaluation_faults(whole, work)


_SETTINGS = ("SOLVER.MAX_ITER", STEPS, "SOLVER.CHECKPOINT_PERIOD", 4, "DATASETS.TEST", ())


def _train(whole: SmallRun, work: Work, kind: DataFault, place: int, policy: str) -> Fault:
    start = time.monotonic()
    broken = copy_of(whole, work.folder / f"{place}_{policy}")
    planted = kind.plant(broken.data, np.random.default_rng([work.seed, place]))
    command = broken.command("out", **dict(kind.keys), DATASETS__ON_FAULT=policy)
    ended = finish(broken, without_rights(command) if kind.ends == REFUSED else command)
    ends = REFUSED if policy == "error" and kind.ends != REPAIRED else kind.ends
    skipped = _skipped(broken, "out")
    details = {"policy": policy, "files": len(planted), "message": ended.last_line, **_brief(skipped)}
    good = _as_expected(ends, ended, broken, planted, skipped)
    for path in planted:
        if path.is_dir():
            path.chmod(0o755)
    return Fault(
        "data",
        f"{kind.what} ({len(planted)}), ON_FAULT {policy}",
        _EXPECTED[ends],
        1,
        int(good),
        0,
        "iterations",
        time.monotonic() - start,
        details,
    )


def _brief(skipped: dict[str, Any]) -> dict[str, Any]:
    """Without the names of files."""
    parts = {name: skipped.get(name, {}) for name in ("items", "left_out")}
    return {name: {key: part[key] for key in part if key != "files"} for name, part in parts.items() if part}


def _as_expected(ends: str, ended: Ended, run: SmallRun, planted: list[Path], skipped: dict[str, Any]) -> bool:
    if ends == REFUSED:
        return ended.status not in (0, None) and any(_is_named(path, ended.said) for path in planted)
    if ended.status != 0:
        return False
    if ends == REPAIRED:
        return not skipped
    found = skipped.get("items" if ends == AGAIN else "left_out", {})
    named = {Path(path).name for path in found.get("files", {})}
    if ends == LEFT_OUT:
        return sum(found.get("counts", {}).values()) == len(planted) and named == {path.name for path in planted}
    files = {str(path) for path in planted}
    return 0 < found.get("drawn_again", 0) == expected_again(run, planted) and set(found.get("files", {})) <= files


def _is_named(path: Path, text: str) -> bool:
    return "/".join(path.parts[-2:]) in text


def _skipped(run: SmallRun, output: str) -> dict[str, Any]:
    path = run.folder / output / "skipped.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def _killed(whole: SmallRun, work: Work) -> Fault:
    """Killed between two checkpoints, a training with broken frames is resumed."""
    start = time.monotonic()
    broken = copy_of(whole, work.folder / "killed")
    for plant in (cut_off, missing_stills):
        plant(broken.data, np.random.default_rng(work.seed))
    keys = {"DATASETS__ON_FAULT": "skip"}
    straight = finish(broken, broken.command("straight", **keys))
    killed = finish(broken, broken.command("killed", **keys), kill_at=work.folder / "killed/killed/model_0000003.pth")
    resumed = finish(broken, broken.command("killed", "--resume", **keys))
    one, other = (_skipped(broken, name) for name in ("straight", "killed"))
    same = one == other and one.get("items", {}).get("drawn_again", 0) > 0
    good = straight.status == resumed.status == 0 and killed.status not in (0, None) and same
    return Fault(
        "data",
        "killed while frames were broken, and resumed, ON_FAULT skip",
        "skipped.json says what that of an undisturbed training says",
        1,
        int(good),
        0 if good else STEPS,
        "iterations",
        time.monotonic() - start,
        {"undisturbed": _brief(one), "resumed": _brief(other)},
    )
