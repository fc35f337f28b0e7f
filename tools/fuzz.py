#!/usr/bin/env python3
"""Read wrong files with the readers of this package, and see what each says.

python tools/fuzz.py                                  # 1,000 files for every reader
python tools/fuzz.py "COCO results" --count 20000     # more for one; --list names them
python tools/fuzz.py JPEG --messages                  # what errors say: how often, the first file, an example
python tools/fuzz.py JPEG --replay 117                # file 117 again, with its whole error
python tools/fuzz.py JPEG --write 117 wrong.JPEG      # that file, to look at

A file depends on its reader, the seed and its number alone. The exit status is 1 where something was not survived.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from pathlib import Path

from dnt_d2.soak.fuzz.harness import Target
from dnt_d2.soak.fuzz.targets import all_targets
from dnt_d2.soak.fuzzing import Findings, fuzz


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help="names of readers; all without")
    parser.add_argument("--list", action="store_true", help="name the readers")
    parser.add_argument("--count", type=int, default=1000, help="files for each reader")
    parser.add_argument("--seed", type=int, default=0, help="of the files")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--messages", action="store_true", help="print what the errors say")
    parser.add_argument("--replay", type=int, metavar="NUMBER", help="read one file in this process")
    parser.add_argument("--write", nargs=2, metavar=("NUMBER", "PATH"), help="write one file")
    return parser.parse_args()


def replay(target: Target, seed: int, number: int) -> None:
    """One file, in this process: it may take it down."""
    with tempfile.TemporaryDirectory() as folder:
        target.prepare(Path(folder))
        data = target.make(seed, number)
        print(f"{target.name} {number}: {len(data)} bytes: {data[:300]!r}")
        print(": ".join(target.judge(Path(folder), data)))
        try:
            target.read(Path(folder))
        except Exception:
            traceback.print_exc()


def show(findings: Findings, messages: bool) -> None:
    """What the files of one reader led to."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in findings.kinds.most_common())
    per_second = findings.kinds.total() / findings.seconds
    facts = f"{per_second:.0f} a second, the slowest {findings.slowest:.2f} s, {findings.megabytes:.0f} MB"
    print(f"{findings.target.name}: {kinds}; {facts}; {len(findings.errors)} messages", flush=True)
    for message in findings.failures:
        print(f"  NOT SURVIVED {message.count} times, first by {message.number}: {message.example}")
    for message in findings.errors if messages else ():
        print(f"  {message.count:6} {message.number:6}  {message.example}")


def main() -> int:
    args, targets = parse(), all_targets()
    known = {target.name: target for target in targets}
    if unknown := [name for name in args.targets if name not in known]:
        sys.exit(f"there is no reader {unknown[0]!r}; there are {'; '.join(known)}")
    chosen = [known[name] for name in args.targets] or targets
    if args.list:
        print("\n".join(target.name for target in chosen))
    elif args.replay is not None:
        for target in chosen:
            replay(target, args.seed, args.replay)
    elif args.write is not None:
        Path(args.write[1]).write_bytes(chosen[0].make(args.seed, int(args.write[0])))
    else:
        failed = 0
        with tempfile.TemporaryDirectory() as folder:
            for target in chosen:
                findings = fuzz(target, args.seed, args.count, Path(folder), args.workers)
                show(findings, args.messages)
                failed += len(findings.failures)
        return int(failed > 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
