"""Broken test sets: what is shown in the place of an unreadable frame, however the work is cut; what is refused."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2

from ..data.images import read_image
from .data_faults import annotation, frames, videos
from .data_runs import Ended, copy_of, finish
from .record import Fault, Work
from .small_run import SmallRun

_CUTS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "one frame at a time": ((), {}),
    "three at a time, two workers": ((), {"TEST__FRAMES_PER_BATCH": 3, "DATALOADER__NUM_WORKERS": 2}),
    "two processes": (("--num-gpus", "2"), {}),
}


def evaluation_faults(whole: SmallRun, work: Work) -> Iterator[Fault]:
    """Frames that can't be read, with each way to cut the work; then what is refused; then files that are mended."""
    weights = whole.folder / "weights" / "model_final.pth"
    if finish(whole, whole.command("weights")).status != 0:
        raise RuntimeError(f"the training that gives the weights failed: {whole.folder / 'command.log'}")
    keys = {"MODEL__WEIGHTS": weights, "DATASETS__TEST": "('minivid_val_seen',)", "DATASETS__ON_FAULT": "skip"}
    broken, mended = (copy_of(whole, work.folder / name) for name in ("test", "test_mended"))
    planted = _plant(broken)
    _show_the_neighbour(mended, [path.relative_to(broken.data) for path in planted])
    truth = _results(mended, finish(mended, mended.command("out", "--eval-only", **keys)), "out")
    yield _named(broken, planted, keys | {"DATASETS__ON_FAULT": "error"})
    for place, (cut, (options, changes)) in enumerate(_CUTS.items()):
        if place < work.scaled(len(_CUTS)):
            yield _skipped(broken, planted, cut, truth, (f"out_{place}", *options), keys | changes)
    yield _seen_again(broken, whole, keys)
    for what, spoil in (("a test annotation cut off", _cut_xml), ("no readable frame in a test video", _cut_all)):
        for policy in ("error", "skip") if work.amount >= 1 else ("skip",):
            spoilt = copy_of(whole, work.folder / f"{spoil.__name__}_{policy}")
            yield _refused(spoilt, what, spoil, keys | {"DATASETS__ON_FAULT": policy})


def _plant(run: SmallRun) -> list[Path]:
    """A first frame and one within cut off, one missing, two in a row of another size; each in a video of its own."""
    first, second, third, fourth = (frames(video) for video in videos(run.data, "val")[:4])
    for path in (first[0], second[3]):
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    third[4].unlink()
    for path in fourth[5:7]:
        cv2.imwrite(str(path), read_image(str(path))[:60, :80])
    return [first[0], second[3], third[4], *fourth[5:7]]


def _show_the_neighbour(run: SmallRun, paths: list[Path]) -> None:
    """What evaluation is to do, done to the files: the frame before, and at the begin the one after."""
    for path in paths:
        there = frames((run.data / path).parent)
        at = there.index(run.data / path)
        shutil.copy(there[at - 1 if at else 1], run.data / path)


def _results(run: SmallRun, ended: Ended, output: str) -> dict[str, Any]:
    path = run.folder / output / "inference" / "minivid_val_seen" / "vid_results.json"
    return json.loads(path.read_text()) if ended.status == 0 and path.is_file() else {}


def _skipped(
    run: SmallRun, planted: list[Path], cut: str, truth: dict[str, Any], output: tuple[str, ...], keys: dict[str, Any]
) -> Fault:
    start = time.monotonic()
    ended = finish(run, run.command(output[0], "--eval-only", *output[1:], **keys))
    found = _results(run, ended, output[0])
    same = bool(found) and _as_text(found["results"]) == _as_text(truth.get("results"))
    told = found.get("skipped", {}).get("frames") == len(planted) and "skipped" not in truth
    said = f"The images of {len(planted)} frames could not be read"
    reports = [run.folder / output[0] / "inference" / "minivid_val_seen" / f"report.{x}" for x in ("md", "html")]
    told = told and all(path.is_file() and said in path.read_text() for path in reports) and said in ended.said
    return Fault(
        "data",
        f"test frames cut off, missing, of another size ({len(planted)}), {cut}, ON_FAULT skip",
        "all numbers are those of a test set in which each is a copy of the frame before; every report counts them",
        1,
        int(same and told),
        0,
        "frames",
        time.monotonic() - start,
        {"message": ended.last_line, "skipped": found.get("skipped"), "same_numbers": same},
    )


def _as_text(results: Any) -> str:
    return json.dumps(results, sort_keys=True)  # NaN equals NaN


def _named(run: SmallRun, planted: list[Path], keys: dict[str, Any]) -> Fault:
    start = time.monotonic()
    ended = finish(run, run.command("error", "--eval-only", **keys))
    good = ended.status not in (0, None) and any("/".join(path.parts[-2:]) in ended.said for path in planted)
    return _fault(f"test frames cut off, missing, of another size ({len(planted)}), ON_FAULT error", good, ended, start)


def _refused(run: SmallRun, what: str, spoil: Callable[[SmallRun], Path], keys: dict[str, Any]) -> Fault:
    start = time.monotonic()
    path = spoil(run)
    ended = finish(run, run.command("out", "--eval-only", **keys))
    good = ended.status not in (0, None) and "/".join(path.parts[-2:]) in ended.said
    return _fault(f"{what}, ON_FAULT {keys['DATASETS__ON_FAULT']}", good, ended, start)


def _fault(what: str, good: bool, ended: Ended, start: float) -> Fault:
    expected = "ends with an error that says which file, and without numbers"
    details = {"message": ended.last_line}
    return Fault("data", what, expected, 1, int(good), 0, "frames", time.monotonic() - start, details)


def _cut_xml(run: SmallRun) -> Path:
    path = annotation(frames(videos(run.data, "val")[1])[2])
    path.write_bytes(path.read_bytes()[:100])
    return path


def _cut_all(run: SmallRun) -> Path:
    there = frames(videos(run.data, "val")[1])
    for path in there:
        path.write_bytes(path.read_bytes()[:300])
    return there[0]


def _seen_again(broken: SmallRun, whole: SmallRun, keys: dict[str, Any]) -> Fault:
    """The files are mended; the same command again must give the numbers of whole files, not those of before."""
    start = time.monotonic()
    shutil.copytree(whole.data / "Data", broken.data / "Data", dirs_exist_ok=True)
    ended = finish(broken, broken.command("out_0", "--eval-only", **keys))
    truth = _results(whole, finish(whole, whole.command("clean", "--eval-only", **keys)), "clean")
    found = _results(broken, ended, "out_0")
    good = bool(truth) and _as_text(found) == _as_text(truth)
    return Fault(
        "data",
        "test frames that are mended after an evaluation, and evaluated again into the same folder",
        "numbers and report are those of whole files",
        1,
        int(good),
        0,
        "frames",
        time.monotonic() - start,
        {"message": ended.last_line},
    )
