"""Names of videos that are no names of files on Windows, or one name there: refused before anything is written.

python -m dnt_d2.soak.systems_names FOLDER     # prints the number of names that were refused, on the system of the day
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from dnt_d2.formats import VideoSet, write_ilsvrc, write_mot
from dnt_d2.soak.record import Fault, Work
from dnt_d2.soak.systems_poor import environment

NAMES: tuple[tuple[str, ...], ...] = (
    *(("C:video",), ("a:b",), ("..\\..\\up",), ("a\\b",), ("con",), ("day/NUL.1",), ("what?",), ("a*",), ("<1>",)),
    *(('a"b',), ("a|b",), ("dot.",), ("dot./a",), ("Dog", "dog"), ("Day/1", "day/1"), ("STRASSE", "straße")),
)
"""Each stands for a data set of videos of these names."""


def refusals(folder: Path) -> list[str]:
    """Try to write each data set as MOT folders and as an ILSVRC tree.

    Returns:
        What was neither refused with a clear error, nor left the target empty.
    """
    picture = folder / "picture.jpg"
    cv2.imwrite(str(picture), np.zeros((8, 8, 3), np.uint8))
    wrong = []
    for k, names in enumerate(NAMES):
        for write in (write_mot, write_ilsvrc):
            target = folder / f"{k}-{write.__name__}"
            try:
                write(_videos(picture, names), target, "all", images="copy")
                wrong.append(f"{names} was written")
            except ValueError as error:
                if target.exists() or not any(words in str(error) for words in ("rename it", "its own name")):
                    wrong.append(f"{names}: {error}")
            except OSError as error:
                wrong.append(f"{names}: {error}")
    return wrong


def _videos(picture: Path, names: tuple[str, ...]) -> VideoSet:
    frames = [
        {
            "file_name": str(picture),
            "image_id": k,
            "height": 8,
            "width": 8,
            "video_id": k,
            "frame_index": 0,
            "video_length": 1,
            "annotations": [],
        }
        for k in range(len(names))
    ]
    return VideoSet(frames, list(names), ["dog"])


def name_faults(work: Work) -> Iterator[Fault]:
    """Inject them on the poorer system."""
    start = time.perf_counter()
    folder = work.folder / "names"
    variables = environment(folder / "site", encoding="utf-8")
    command = [sys.executable, "-m", "dnt_d2.soak.systems_names", str(folder)]
    done = subprocess.run(command, env=variables, capture_output=True, check=False)
    count = 2 * len(NAMES)
    wrong = json.loads(done.stdout) if done.returncode == 0 else [done.stderr[-1000:].decode(errors="replace")] * count
    yield Fault(
        "systems",
        "names of videos that Windows can't have as files, or takes for one",
        "converting them is refused with what to do, before anything is written",
        injected=count,
        survived=count - len(wrong),
        lost=0,
        unit="inputs",
        seconds=round(time.perf_counter() - start, 1),
        details={"wrong": wrong} if wrong else {},
    )


if __name__ == "__main__":
    print(json.dumps(refusals(Path(sys.argv[1]))))
