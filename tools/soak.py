#!/usr/bin/env python3
"""Break things on purpose, and count what is lost: nothing, if all is well.

python tools/soak.py all                              # every point, about an hour on two cores, and the page
python tools/soak.py interruption                     # one point: ten kills and ten resumes, full disks, ...
python tools/soak.py fuzzing --amount 0.01            # a hundredth of the faults, to try it
python tools/soak.py page                             # benchmarks/faults.md from the files that are there

Each point writes benchmarks/results/soak_POINT--MACHINE.json (--output FILE writes there instead, and leaves the page
alone) and prints its table. The exit status is 1 where something was not survived, or was lost.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dnt_d2.provenance import machine_name, provenance
from dnt_d2.soak.page import Found, faults_table, make_page
from dnt_d2.soak.record import POINTS, Fault, Part, Work

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "benchmarks" / "faults.md"


def soak(point: str, work: Work, command: str) -> Found:
    """Inject the faults of one point; each kind is printed as soon as it is counted."""
    run: Part = importlib.import_module(f"dnt_d2.soak.{point}").run
    faults: list[Fault] = []
    start = time.perf_counter()
    for fault in run(work):
        faults.append(fault)
        verdict = "ok  " if fault.passed else "LOST" if fault.lost else "FAIL"
        print(f"{verdict} {fault.survived:,} of {fault.injected:,}: {fault.what} ({fault.seconds:.0f} s)", flush=True)
    minutes = round((time.perf_counter() - start) / 60, 1)
    facts = {"command": command, **provenance(), "seed": work.seed, "amount": work.amount, "minutes": minutes}
    return Found(point, faults, facts)


def soak_apart(args: argparse.Namespace) -> int:
    """Every point in a process of its own; the number of points that failed."""
    failed = 0
    for point in POINTS:
        print(f"== {point}", flush=True)
        command = [sys.executable, str(Path(__file__).resolve()), point, *_options(args)]
        failed += subprocess.run(command, check=False).returncode != 0
    return failed


def write_page() -> None:
    """benchmarks/faults.md from the files in benchmarks/results."""
    PAGE.write_text(make_page(RESULTS), encoding="utf-8")
    print(f"written: {PAGE.relative_to(ROOT)}")


def _options(args: argparse.Namespace) -> list[str]:
    words = ["--amount", f"{args.amount:g}"] if args.amount != 1 else []
    words += ["--seed", str(args.seed)] if args.seed else []
    return words + (["--folder", str(args.folder)] if args.folder else [])


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("point", choices=[*POINTS, "all", "page"], help="what to break; page: make the page alone")
    parser.add_argument("--amount", type=float, default=1.0, help="share of the full numbers of faults, above 0")
    parser.add_argument("--seed", type=int, default=0, help="of every random choice")
    parser.add_argument("--folder", type=Path, help="where there is room for 2 GB; the temporary folder by default")
    parser.add_argument("--output", type=Path, help="a JSON file, in the place of benchmarks/results/ (one point)")
    args = parser.parse_args()
    if not args.amount > 0:
        parser.error(f"--amount is {args.amount}: it must be above 0")
    if args.output is not None and args.point in ("all", "page"):
        parser.error(f"--output takes the figures of one point, not of {args.point!r}")
    return args


def main() -> int:
    args = parse()
    if args.point == "page":
        write_page()
        return 0
    if args.point == "all":
        return min(1, soak_apart(args))
    command = " ".join(["tools/soak.py", args.point, *_options(args)])
    with tempfile.TemporaryDirectory(dir=args.folder, prefix="soak_", ignore_cleanup_errors=True) as folder:
        found = soak(args.point, Work(Path(folder), args.seed, args.amount), command)
    print(f"\n{faults_table(found.faults)}\n")
    found.write(args.output or RESULTS / f"soak_{args.point}--{machine_name()}.json")
    if args.output is None:
        write_page()
    return 0 if found.passed else 1


if __name__ == "__main__":
    sys.exit(main())
