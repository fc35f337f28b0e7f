#!/usr/bin/env python3
"""Measure the stages of dnt_d2 on this machine, each against its floor and the limit that the project has set.

python tools/benchmark.py evaluation                 # a saved run of ImageNet VID's size, 50 and 750 boxes a frame
python tools/benchmark.py evaluation --scale 0.01    # a hundredth of it, to try the tool
python tools/benchmark.py evaluation --record        # also into benchmarks/results/ and README.md

The floor of evaluation is its detections' bytes at the rate at which this machine copies memory; "reading alone" is one
process that reads and unpacks the run, and does nothing else.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from dnt_d2.benchmark.evaluation import LIMITS, evaluation_table, measure_evaluation
from dnt_d2.benchmark.synthetic_run import RunSize
from dnt_d2.evaluation.tables import write_json
from dnt_d2.provenance import machine_name, provenance, replace_block

ROOT = Path(__file__).resolve().parent.parent


def measure(scale: float, seed: int, folder: Path | None) -> dict[str, Any]:
    """The evaluation of a run that has this share of ImageNet VID's videos, frames and boxes."""
    whole = RunSize(seed=seed)
    size = replace(
        whole,
        videos=max(1, round(whole.videos * scale)),
        frames=max(1, round(whole.frames * scale)),
        boxes=max(1, round(whole.boxes * scale)),
    )
    rows = [measure_evaluation(size, limit, folder) for limit in LIMITS]
    facts = {"command": "tools/benchmark.py evaluation", **provenance(), "seed": seed, "scale": scale}
    return {**facts, "evaluation": rows}


def record(facts: dict[str, Any]) -> None:
    """Put the figures into benchmarks/results/ and their table into README.md."""
    result = Path("benchmarks/results") / f"evaluation--{machine_name()}.json"
    write_json(ROOT / result, facts)
    source = f"\n\n(Seed {facts['seed']}; {facts['date']}, {facts['machine']}; [{result.name}]({result}).)\n"
    replace_block(ROOT / "README.md", "evaluation", evaluation_table(facts["evaluation"]) + source)
    print(f"written: {result}, README.md")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=["evaluation"], help="what to measure")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size, above 0")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where there is room for 3 GB; the temporary folder by default")
    parser.add_argument("--output", type=Path, help="a JSON file for the figures")
    parser.add_argument("--record", action="store_true", help="also put the figures into the repository")
    args = parser.parse_args()
    facts = measure(args.scale, args.seed, args.folder)
    print(evaluation_table(facts["evaluation"]))
    if args.output is not None:
        write_json(args.output, facts)
    if args.record:
        record(facts)


if __name__ == "__main__":
    main()
