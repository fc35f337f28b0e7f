#!/usr/bin/env python3
"""Measure the stages of dnt_d2 on this machine, each against its floor and the limits that the project has set.

python tools/benchmark.py all                              # all stages but long_video, and the page: below 20 minutes
python tools/benchmark.py long_video                       # is memory constant? 36,000 frames: 20 minutes more
python tools/benchmark.py correlation --device cuda --dtype bfloat16
python tools/benchmark.py evaluation --scale 0.01          # a hundredth of the full size, to try the tool
python tools/benchmark.py page                             # benchmarks/speed.md from the files that are there

Each stage writes benchmarks/results/STAGE--MACHINE.json (--output names another file) and prints its tables. Let
nothing else run on the machine.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from dnt_d2.benchmark.figures import Stage
from dnt_d2.benchmark.options import Options
from dnt_d2.benchmark.page import STAGES, limits_table, machines, make_page, read_stages, show_stage
from dnt_d2.benchmark.picture import draw_speed
from dnt_d2.evaluation.tables import write_json
from dnt_d2.provenance import NO_GPU, machine_name, provenance, replace_block

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def measure(name: str, options: Options) -> Stage:
    """One stage, with where its figures come from."""
    stage: Stage = getattr(importlib.import_module(f"dnt_d2.benchmark.{name}"), f"measure_{name}")(options)
    gpu = torch.cuda.get_device_name() if options.device == "cuda" else NO_GPU
    stage.facts = {
        "command": command_line(name, options),
        **provenance(gpu=gpu),
        "seed": options.seed,
        "scale": options.scale,
    }
    return stage


def result_path(name: str, options: Options) -> Path:
    """Where a stage's figures go by themselves; other options than the usual ones have files of their own."""
    words = [machine_name(torch.cuda.get_device_name() if options.device == "cuda" else "")]
    words += [options.dtype] if options.dtype != "float32" else []
    words += ["channels-last"] if options.channels_last else []
    return RESULTS / f"{name}--{'-'.join(words)}.json"


def measure_apart(name: str, options: Options) -> Stage:
    """One stage in a process of its own, so that it finds neither the threads nor the memory of another."""
    print(f"== {name}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "stage.json")
        command = [sys.executable, str(ROOT / "tools/benchmark.py"), name, *options.arguments]
        subprocess.run([*command, "--output", str(output)], check=True)
        stage = Stage.read(output)
    stage.facts["command"] = command_line(name, options)
    return stage


def command_line(name: str, options: Options) -> str:
    """What gives these figures again."""
    return " ".join(["tools/benchmark.py", name, *options.arguments])


def write_page() -> None:
    """benchmarks/speed.md with its pictures; and, where this machine has been measured, the limits in README.md."""
    for machine in machines(RESULTS):
        try:
            draw_speed(read_stages(RESULTS, machine), ROOT / "benchmarks" / f"speed--{machine}.png")
        except ModuleNotFoundError:
            print("no pictures without Matplotlib: pip install 'dnt_d2[plots]'")
    (ROOT / "benchmarks/speed.md").write_text(make_page(RESULTS), encoding="utf-8", newline="\n")
    stages = read_stages(RESULTS, machine_name())
    if stages:
        facts = stages[0].facts
        source = f"\n({facts['date']}, {facts['machine']}; [benchmarks/speed.md](benchmarks/speed.md).)\n"
        limits = [limit for stage in stages for limit in stage.limits]
        replace_block(ROOT / "README.md", "speed", limits_table(limits) + source)
    print("written: benchmarks/speed.md and, of this machine, the limits in README.md")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=[*STAGES, "all", "page"], help="what to measure; page: make the page alone")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--dtype", choices=["float32", "bfloat16", "float16"], default="float32")
    parser.add_argument("--channels-last", action="store_true", help="memory format of the networks")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full sizes, above 0")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where there is room for 3 GB; the temporary folder by default")
    parser.add_argument("--output", type=Path, help="a JSON file for the figures, in the place of benchmarks/results/")
    args = parser.parse_args()
    if not args.scale > 0:
        parser.error(f"--scale is {args.scale}: it must be above 0")
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device is cuda, but PyTorch finds no GPU here")
    return args


def main() -> None:
    args = parse()
    if args.stage == "page":
        return write_page()
    options = Options(args.device, args.dtype, args.channels_last, args.seed, args.scale, args.folder)
    if args.stage == "all":
        stages = [measure_apart(name, options) for name in STAGES if name != "long_video"]
        print(limits_table([limit for stage in stages for limit in stage.limits]))
    else:
        stages = [measure(args.stage, options)]
        print(f"{stages[0].setting}\n\n{show_stage(stages[0])}\n{limits_table(stages[0].limits)}")
    if args.output is not None:
        contents = [stage.content() for stage in stages]
        write_json(args.output, {"stages": contents} if args.stage == "all" else contents[0])
        return None
    for stage in stages:
        stage.write(result_path(stage.name, options))
        print(f"written: {result_path(stage.name, options).relative_to(ROOT)}")
    return write_page()


if __name__ == "__main__":
    main()
