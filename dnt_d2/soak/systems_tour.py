"""A tour of all that the project does with files and processes, in one process; each step's result is a digest.

python -m dnt_d2.soak.systems_tour FOLDER --steps train evaluate

The same steps give the same results on every system: that is what :mod:`.systems` compares.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnt_d2.console import tolerate_any_text

if TYPE_CHECKING:  # spawned processes import this module, too: what only the steps need, they import
    from dnt_d2.soak.small_run import SmallRun


def digest(files: Iterable[Path]) -> str:
    """Of the bytes of some files, in this order."""
    hashed = hashlib.sha256()
    for file in files:
        hashed.update(file.read_bytes())
    return hashed.hexdigest()[:16]


def draw(run: SmallRun, workers: int) -> str:
    """The data set was drawn by several processes; what of it doesn't say when and by whom."""
    return digest(sorted(path for path in run.data.rglob("*") if path.suffix in (".JPEG", ".xml", ".txt")))


def examine(run: SmallRun, workers: int) -> list[str]:
    """The doctor reads every file."""
    from dnt_d2.data.doctor import examine as look
    from dnt_d2.data.doctor import report

    result = look(str(run.data), full=True, workers=max(1, workers))
    print(report(result))
    return [str(error) for error in result.errors]


def train(run: SmallRun, workers: int) -> str:
    """Two steps with workers that load, then a third one as a resumed run; the weights. Without workers, two steps."""
    keys = {"DATASETS__TEST": "()", "SOLVER__CHECKPOINT_PERIOD": 1}
    _train_net(run, **keys, SOLVER__MAX_ITER=2, DATALOADER__NUM_WORKERS=workers)
    if workers:
        _train_net(run, "--resume", **keys, SOLVER__MAX_ITER=3)
    import torch

    state = torch.load(run.folder / "run" / "model_final.pth", weights_only=False)["model"]
    return hashlib.sha256(b"".join(value.numpy().tobytes() for value in state.values())).hexdigest()[:16]


def evaluate(run: SmallRun, workers: int) -> list[str]:
    """A saved run; then the same of a run that lacks a video, as one that was killed."""
    from dnt_d2.evaluation.saved_run import SavedRun

    keys = {"MODEL__WEIGHTS": run.folder / "run" / "model_final.pth"}
    found = [_train_net(run, "--eval-only", **keys, DATALOADER__NUM_WORKERS=min(1, workers))]
    saved = SavedRun(_inference(run))
    saved.path(saved.finished[0]).unlink()
    found.append(_train_net(run, "--eval-only", **keys))
    said = [json.dumps(results, sort_keys=True).encode() for results in found]
    return [hashlib.sha256(text).hexdigest()[:16] for text in said]


def link(run: SmallRun, workers: int) -> str:
    """The saved run, scored by several processes, reported and exported."""
    from dnt_d2.evaluation.__main__ import main

    where = run.folder / "scored"
    reports = [part for name in ("report.json", "report.md", "report.html") for part in ("--output", where / name)]
    exports = [part for name in ("a.json", "a.csv", "a.txt", "mot") for part in ("--export", _kind(name), where / name)]
    change = ["--set", "TUBES.TOP_FRACTION", 0.3]
    words = ["--run", _inference(run), "--workers", max(1, workers), *change, "--metrics", "tracks", *reports, *exports]
    _done(main([str(word) for word in words]))
    return digest([where / "a.json", where / "a.csv", where / "a.txt", *sorted((where / "mot").glob("*.txt"))])


def track(run: SmallRun, workers: int) -> str:
    """The demo's command, offline with its temporary file, on a clip that is written, then replaced by its picture."""
    from dnt_d2.demo.command import main
    from dnt_d2.video import VideoWriter, read_frames

    clip, tracks = run.folder / "clip.mp4", run.folder / "tracks.csv"
    for _ in range(2):
        with VideoWriter(clip, 10) as writer:
            for frame in read_frames(sorted((run.data / "Data" / "VID" / "val").rglob("000000.JPEG"))[0].parent):
                writer.write(frame)
    words = ["--config-file", run.folder / "small.yaml", "--input", clip, "--output", run.folder / "drawn.mp4"]
    words += ["--tracks", tracks, "--timeline", run.folder / "tubes.png", "--min-frames", 1]
    weights = ["MODEL.WEIGHTS", run.folder / "run" / "model_final.pth"]
    _done(main([str(word) for word in [*words, *weights]]))
    count = sum(1 for _ in read_frames(run.folder / "drawn.mp4"))
    return f"{count} frames, {digest([tracks])}"


def convert(run: SmallRun, workers: int) -> list[str]:
    """Every format from every other that holds it; with copies, since links are not for all."""
    from dnt_d2.data.conversion import read_video_set
    from dnt_d2.formats import write_coco_vid, write_ilsvrc, write_mot

    where = run.folder / "converted"
    videos = read_video_set(str(run.data), "ilsvrc_vid", lists=["val"])
    write_coco_vid(videos, where / "val.json", str(run.data / "Data" / "VID"))
    write_mot(videos, where / "mot", images="copy")
    again = read_video_set(str(where / "mot"), "mot")
    write_ilsvrc(again, where / "tree", "val", images="copy")
    last = read_video_set(str(where / "tree"), "ilsvrc_vid", lists=["val"], class_names=again.class_names)
    files = [where / "val.json", *sorted((where / "mot").rglob("gt.txt")), *sorted((where / "tree").rglob("*.xml"))]
    return [digest(files), str(len(last.frames))]


Step = Callable[["SmallRun", int], Any]
STEPS: dict[str, Step] = {step.__name__: step for step in (draw, examine, train, evaluate, link, track, convert)}


def _train_net(run: SmallRun, *options: str, **keys: Any) -> Any:
    root = str(Path(__file__).parents[2])
    sys.path[:0] = [] if root in sys.path else [root]
    import train_net

    words = run.command("run", *options, **keys)[2:]
    return train_net.main(train_net.get_parser().parse_args(words))


def _inference(run: SmallRun) -> Path:
    return run.folder / "run" / "inference" / "minivid_val_seen"


def _kind(name: str) -> str:
    return {".json": "coco", ".csv": "csv", ".txt": "ilsvrc"}.get(Path(name).suffix, "mot")


def _done(status: int) -> None:
    if status:
        raise RuntimeError(f"the command ended with {status}; its message is above")


def main(arguments: Sequence[str] | None = None) -> int:
    """Go through the steps, and write ``tour.json``: of each its result or error, and its seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="an empty one; made where it is missing")
    parser.add_argument("--steps", nargs="*", choices=STEPS, default=list(STEPS))
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args(arguments)
    args.folder.mkdir(parents=True, exist_ok=True)
    from dnt_d2.soak.small_run import SmallRun

    run = SmallRun.make(args.folder, workers=max(1, args.workers))
    os.environ.update(run.environment())
    told: dict[str, Any] = {}
    for name in args.steps:
        start = time.perf_counter()
        try:
            told[name] = {"result": STEPS[name](run, args.workers)}
        except Exception as error:
            traceback.print_exc()
            told[name] = {"error": f"{type(error).__name__}: {error}"}
        told[name]["seconds"] = round(time.perf_counter() - start, 2)
    (args.folder / "tour.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    return sum("error" in step for step in told.values())


if __name__ == "__main__":
    tolerate_any_text()
    sys.exit(main())
