"""Commands whose words the console can't say, and a script that spawned processes can't import."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from .record import Fault, Work
from .small_run import ROOT
from .systems_poor import environment

_SCRIPT = r"""
import sys
from pathlib import Path
import cv2
import numpy as np
from detectron2.config import get_cfg
from detectron2.engine import DefaultPredictor
from dnt_d2 import VideoPredictor, add_dnt_config
from dnt_d2.data.xml_reading import read_files
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.run_scoring import score_run
from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.evaluation.settings import Changeable, plain_linkings

folder, xml = Path(sys.argv[1]), sorted(map(str, Path(sys.argv[1]).rglob("*.xml"))) * 60
said = [len(read_files(xml, [0] * len(xml), [0] * len(xml), workers=2))]
if (folder / "run" / "inference" / "minivid_val_seen").is_dir():
    run = SavedRun(folder / "run" / "inference" / "minivid_val_seen")
    plan = Plan(run.facts.dataset, *run.read_truth(), plain_linkings(Changeable()))
    said += [float(np.nansum(score.kinds["tube"].ap50)) for score in score_run(run, plan, workers=2)]
cfg = get_cfg()
add_dnt_config(cfg)
cfg.merge_from_file(str(folder / "small.yaml"))
cfg.MODEL.WEIGHTS = str(folder / "run" / "model_final.pth")
cfg.TUBES.TRIM_SCORE = 0.0
pictures = [cv2.imread(str(path)) for path in sorted((folder / "datasets/minivid/Data/VID/val").rglob("*.JPEG"))[:8]]
said += [float(DefaultPredictor(cfg)(picture)["instances"].scores.sum()) for picture in pictures[:2]]
said += [float(x.instances.scores.sum()) for x in VideoPredictor(cfg).stream(pictures)]
print(*said, sep="\n")  # at the end: processes that import this don't come so far
"""


def console_faults(work: Work, toured: Path) -> Iterator[Fault]:
    """Inject them.

    Args:
        work: where, and how much.
        toured: the folder of a tour, whose name has letters that ASCII and cp1252 lack.
    """
    yield _consoles(work, toured)
    yield _undecodable(work, toured)
    yield _no_guard(work, toured)


def _commands(data: Path, toured: Path | None, out: Path) -> list[list[str]]:
    """What people type, and read on the standard output."""
    convert = [str(data), str(out / "val.json"), "--from", "ilsvrc_vid", "--to", "coco_vid", "--lists", "val"]
    found = [
        [str(ROOT / "datasets/check_dataset.py"), str(data)],
        [str(ROOT / "datasets/prepare_minivid.py"), str(data), "--statistics"],
        [str(ROOT / "tools/convert_dataset.py"), *convert, "--overwrite"],
    ]
    run = toured / "run" / "inference" / "minivid_val_seen" if toured else None
    if run is not None and run.is_dir():
        report = ["--metrics", "--output", str(out / "report.html"), "--workers", "1"]
        found.append(["-m", "dnt_d2.evaluation", "--run", str(run), *report])
    return found


def _consoles(work: Work, toured: Path) -> Fault:
    """ASCII and cp1252, against what is printed in UTF-8."""
    start = time.perf_counter()
    commands = _commands(toured / "datasets" / "minivid", toured, work.folder / "τ console")[: work.scaled(4)]
    survived, wrong = 0, []
    for command in commands:
        full, _ = _say(command, "utf-8")
        for encoding in ("ascii", "cp1252"):
            said, status = _say(command, encoding)
            as_expected = full.decode().encode(encoding, "backslashreplace")
            if status == 0 and said == as_expected:
                survived += 1
            else:
                wrong.append(f"{' '.join(command[:2])} in {encoding} ended with {status}")
    return Fault(
        "systems",
        "the console knows ASCII, or cp1252, but not the letters of the folder",
        "the command ends well; what can't be printed is printed as an escape, the rest as ever",
        injected=2 * len(commands),
        survived=survived,
        lost=0,
        unit="inputs",
        seconds=round(time.perf_counter() - start, 1),
        details={"wrong": wrong} if wrong else {},
    )


def _undecodable(work: Work, toured: Path) -> Fault:
    """A folder whose name is no UTF-8, as archives from elsewhere leave it on Linux."""
    start = time.perf_counter()
    data = work.folder / os.fsdecode(b"caf\xe9")
    shutil.copytree(toured / "datasets" / "minivid", data)
    commands = _commands(data, None, data)[: work.scaled(3)]
    ends = [_say(command, "utf-8")[1] for command in commands]
    return Fault(
        "systems",
        "the folder of the data has a name that is no UTF-8",
        "the command reads, writes and prints, and ends well",
        injected=len(ends),
        survived=ends.count(0),
        lost=0,
        unit="inputs",
        seconds=round(time.perf_counter() - start, 1),
    )


def _say(command: list[str], encoding: str) -> tuple[bytes, int]:
    variables = {**os.environ, "PYTHONIOENCODING": encoding, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *command], env=variables, capture_output=True, check=False)
    return done.stdout, done.returncode


def _no_guard(work: Work, toured: Path) -> Fault:
    """Each process that is spawned imports the script, which would start the work anew."""
    start = time.perf_counter()
    script = work.folder / "script.py"
    script.write_text(_SCRIPT, encoding="utf-8")
    said: dict[str, tuple[bytes, int]] = {}
    for method in ("fork", "spawn"):
        variables = environment(work.folder / method / "site", poor=method == "spawn", start=method, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(script), str(toured)], env=variables, capture_output=True, check=False
        )
        said[method] = done.stdout, done.returncode
        last = done.stderr[-1000:].decode(errors="replace")
    lines = [text.splitlines() for text, _ in said.values()]
    same = [a == b for a, b in zip(*lines, strict=False)]
    ended = all(status == 0 for _, status in said.values()) and len(lines[0]) == len(lines[1])
    return Fault(
        "systems",
        "a script without if __name__ == '__main__', where processes are spawned",
        "reading XML, scoring a run, DefaultPredictor and VideoPredictor print what they print where they are forked",
        injected=max(1, len(lines[0])),
        survived=sum(same) if ended else 0,
        lost=0,
        unit="inputs",
        seconds=round(time.perf_counter() - start, 1),
        details={} if ended and all(same) else {"spawned": last},
    )
