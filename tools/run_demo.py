#!/usr/bin/env python3
"""The whole of dnt_d2 in one go, on two CPU cores: `make demo` runs this.

It makes MiniVID, trains D&T on it, evaluates frames and tubes, and draws a validation video. Each step is a command
that you could have typed; what is finished is not done again (`--fresh` starts anew).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIG = "configs/minivid/DnT_EfficientNet_Lite0.yaml"
OUTPUT = Path("output/minivid/DnT_EfficientNet_Lite0")
VAL = "minivid_val_seen"
TITLES = {"frame": "single frames", "tube_psi0": "tubes, psi = 0 (no tracks)", "tube": "tubes"}


def run(what: str, *command: str) -> float:
    """Print a step's heading and its command, run it, and give its seconds."""
    print(f"\n=== {what}\n$ {shlex.join(('python', *command))}", flush=True)
    start = time.monotonic()
    code = subprocess.run([sys.executable, *command], cwd=ROOT, check=False).returncode
    if code:
        sys.exit(f"this step failed (exit status {code}); its message is above. The steps before it are kept.")
    return time.monotonic() - start


def make_data(data: Path, seed: int) -> None:
    """MiniVID from photographs, or from drawn shapes where the photographs can't be fetched."""
    pictures = data.parent / "pictures"
    fetch = subprocess.run([sys.executable, "datasets/fetch_pictures.py", str(pictures)], cwd=ROOT, check=False)
    source = "photographs" if fetch.returncode == 0 else "drawn"
    if source == "drawn":
        print("No photographs (see above): going on with drawn shapes, whose numbers mean less.")
    run("MiniVID", "datasets/prepare_minivid.py", str(data), "--source", source, "--pictures", str(pictures),
        "--seed", str(seed))  # fmt: skip


def evaluate(output: Path) -> dict[str, dict[str, float]]:
    """AP50 of frames, of tubes, and of tubes linked without tracks, of the trained model."""
    run("evaluate", "train_net.py", "--config-file", CONFIG, "--eval-only",
        "MODEL.WEIGHTS", str(output / "model_final.pth"))  # fmt: skip
    return json.loads((ROOT / output / "inference" / VAL / "vid_results.json").read_text())["results"]


def draw(output: Path, data: Path) -> None:
    """The video and the tube timeline of the validation video that shows most."""
    run("draw", "tools/draw_minivid.py", "--config-file", CONFIG, "--dataset", VAL, "--output", str(output / "demo"),
        "MODEL.WEIGHTS", str(output / "model_final.pth"))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fresh", action="store_true", help="train anew, even if a trained model is there")
    parser.add_argument("--seed", type=int, default=0, help="of the data set")
    args = parser.parse_args()
    start = time.monotonic()
    data = Path(os.environ.get("DETECTRON2_DATASETS", "datasets")) / "minivid"
    make_data(data, args.seed)
    trained = ROOT / OUTPUT / "model_final.pth"
    if args.fresh or not trained.exists():
        resume = [] if args.fresh else ["--resume"]
        run("train", "train_net.py", "--config-file", CONFIG, *resume)
    results = evaluate(OUTPUT)
    draw(OUTPUT, data)
    minutes = (time.monotonic() - start) / 60
    report(results, minutes)


def report(results: dict[str, dict[str, float]], minutes: float) -> None:
    """Print the three numbers, say where everything is, and write them down."""
    print(f"\n=== AP50 on {VAL} (training cut-outs, new backgrounds and motion: not generalisation)")
    for key, title in TITLES.items():
        print(f"  {title:28s} {results[key]['AP50']:5.1f}")
    summary = {
        "command": "make demo",
        "date": date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "minutes": round(minutes, 1),
        "AP50": {key: round(results[key]["AP50"], 2) for key in TITLES},
    }
    (ROOT / OUTPUT / "demo.json").write_text(json.dumps(summary, indent=2) + "\n")
    for name, what in (
        ("demo/tubes.mp4", "video: single frames on the left, tubes on the right"),
        ("demo/timeline.png", "the tubes over time"),
        ("inference/" + VAL + "/vid_results.json", "AP per class"),
        ("model_final.pth", "the trained model"),
        ("demo.json", "these numbers"),
    ):
        print(f"  {OUTPUT / name}: {what}")
    print(f"  ({minutes:.1f} minutes)")


if __name__ == "__main__":
    main()
