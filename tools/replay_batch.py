#!/usr/bin/env python3
"""Run a training step again that ended a training, and say where the numbers stop being finite.

python tools/replay_batch.py output/non_finite/iteration_1234_rank_0.pth
python tools/replay_batch.py FILE --dtype float64          # finite here? then it was an overflow
python tools/replay_batch.py FILE --detect-anomaly         # which operation has the first NaN in its gradient
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from dnt_d2.training.replay import replay
from dnt_d2.training.step_file import Step

DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="written by the training, below OUTPUT_DIR")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    parser.add_argument("--dtype", choices=DTYPES, help="of weights and pictures; by default as in the training")
    parser.add_argument("--detect-anomaly", action="store_true", help="watch each operation's gradient; slow")
    args = parser.parse_args()
    try:
        step = Step.load(args.file)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    names = ", ".join(str(x.get("file_name", "without a file_name")) for x in step.batch)
    print(f"iteration {step.iteration}, rank {step.rank} of {step.world_size}, seed {step.seed}: {names}")
    print(f"in training: {step.fault}\n" + "".join(f"{name:24} {x:g}\n" for name, x in step.terms.items()))
    dtype = DTYPES[args.dtype] if args.dtype else None
    print("again:")
    print(replay(step, args.device, dtype=dtype, detect_anomaly=args.detect_anomaly))
    return 0


if __name__ == "__main__":
    sys.exit(main())
