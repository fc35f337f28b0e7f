#!/usr/bin/env python3
"""The whole of dnt_d2 in one go, on two CPU cores: `make demo` runs this.

It makes MiniVID, trains D&T on it, evaluates frames and tubes, and draws a validation video. Each step is a command
that you could have typed. What is finished is not done again: a training that was stopped goes on; --fresh starts anew.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from dnt_d2.console import tolerate_any_text
from dnt_d2.provenance import provenance

ROOT = Path(__file__).resolve().parent.parent
CONFIG = "configs/minivid/DnT_EfficientNet_Lite0.yaml"
OUTPUT = Path("output/minivid/DnT_EfficientNet_Lite0")
VAL = "minivid_val_seen"
TITLES = {"frame": "single frames", "tube_psi0": "tubes without tracks (psi = 0)", "tube": "tubes"}
# One process per core, for two cores: the networks' small maps don't keep two threads of one process busy.
PROCESSES = min(2, os.cpu_count() or 1)


def run(what: str, *command: str) -> float:
    """Print a step's heading and its command, run it, and give its seconds."""
    print(f"\n=== {what}\n$ {shlex.join(('python', *command))}", flush=True)
    threads = str(max(1, (os.cpu_count() or 1) // PROCESSES))
    environment = {"OMP_NUM_THREADS": threads, "PYTHONWARNINGS": "ignore"} | os.environ
    start = time.monotonic()
    code = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=False).returncode
    if code:
        sys.exit(f"this step failed (exit status {code}); its message is above. The steps before it are kept.")
    return time.monotonic() - start


def make_data(data: Path, seed: int, fresh: bool) -> str:
    """MiniVID from photographs, or from drawn shapes where the photographs can't be fetched. Returns the source."""
    pictures = data.parent / "pictures"
    print(f"=== photographs\n$ python datasets/fetch_pictures.py {pictures}", flush=True)
    fetch = subprocess.run([sys.executable, "datasets/fetch_pictures.py", str(pictures)], cwd=ROOT, check=False)
    source = "photographs" if fetch.returncode == 0 else "drawn"
    if source == "drawn":
        print("No photographs (see above): going on with drawn shapes, whose numbers mean less.")
    run("MiniVID", "datasets/prepare_minivid.py", str(data), "--source", source, "--pictures", str(pictures),
        "--seed", str(seed), "--workers", str(os.cpu_count() or 1), *(["--overwrite"] if fresh else []))  # fmt: skip
    return source


def train(fresh: bool) -> float:
    """Train, or go on with a training that was stopped; 0 seconds where it was finished before."""
    if fresh:
        shutil.rmtree(ROOT / OUTPUT, ignore_errors=True)
    if (ROOT / OUTPUT / "model_final.pth").exists():
        print("\n=== train: finished before (--fresh trains anew)")
        return 0.0
    return run("train", "train_net.py", "--num-gpus", str(PROCESSES), "--config-file", CONFIG, "--resume")


def evaluate() -> dict[str, dict[str, float]]:
    """AP50 of frames, of tubes, and of tubes linked without tracks, of the trained model."""
    run("evaluate", "train_net.py", "--num-gpus", str(PROCESSES), "--config-file", CONFIG, "--eval-only",
        "MODEL.WEIGHTS", str(OUTPUT / "model_final.pth"))  # fmt: skip
    return json.loads((ROOT / OUTPUT / "inference" / VAL / "vid_results.json").read_text(encoding="utf-8"))["results"]


def draw() -> None:
    """Video and tube timeline of the validation videos that went best and worst."""
    run("draw", "tools/draw_minivid.py", "--config-file", CONFIG, "--dataset", VAL, "--output", str(OUTPUT / "demo"),
        "MODEL.WEIGHTS", str(OUTPUT / "model_final.pth"))  # fmt: skip


def summarise(results: dict[str, dict[str, float]], **facts: Any) -> dict[str, Any]:
    """The numbers with everything that they depend on."""
    return {
        "command": "make demo",
        **provenance(),
        "dataset": VAL,
        **facts,
        "AP50": {key: round(results[key]["AP50"], 2) for key in TITLES},
    }


def report(summary: dict[str, Any]) -> None:
    """Print the three numbers, and say where everything is."""
    print(f"\n=== AP50 on {VAL} (training cut-outs, new backgrounds and motion: not generalisation)")
    for key, title in TITLES.items():
        print(f"  {title:32s} {summary['AP50'][key]:5.1f}")
    for name, what in (
        ("demo/best.mp4", "the video of several objects that went best: single frames above, tubes below"),
        ("demo/best-timeline.png", "its tubes over time"),
        ("demo/worst.mp4", "the one that went worst"),
        (f"inference/{VAL}/report.html", "every number, with its rule, and plots: open it in a browser"),
        ("model_final.pth", "the trained model"),
        ("demo.json", "these numbers"),
    ):
        print(f"  {OUTPUT / name}: {what}")
    print(f"  {summary['minutes']['all']:.1f} minutes in all, {summary['minutes']['training']:.1f} of them training")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="train anew, even if a trained model is there, and replace data of other settings",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the data set")
    args = parser.parse_args()
    start = time.monotonic()
    source = make_data(Path(os.environ.get("DETECTRON2_DATASETS", "datasets")) / "minivid", args.seed, args.fresh)
    whole = args.fresh or not (ROOT / OUTPUT / "last_checkpoint").exists()
    training = train(args.fresh)
    results = evaluate()
    draw()
    minutes = {"all": round((time.monotonic() - start) / 60, 1), "training": round(training / 60, 1)}
    summary = summarise(
        results, pictures=source, data_seed=args.seed, config=CONFIG, minutes=minutes, whole_training=whole
    )
    (ROOT / OUTPUT / "demo.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    report(summary)


if __name__ == "__main__":
    tolerate_any_text()
    main()
