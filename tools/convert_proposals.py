#!/usr/bin/env python3
"""Convert the authors' proposals (MATLAB) into Detectron2's file of proposals, for one data set.

    python tools/convert_proposals.py proposals/RPN_proposals output/authors/proposals_vid_val.pkl \\
        --dataset imagenet_vid_val

SOURCE is a folder with a .mat file for each image, or one .mat file for all. The output is for
DATASETS.PROPOSAL_FILES_TRAIN or _TEST, in the order of DATASETS.TRAIN or TEST, with MODEL.LOAD_PROPOSALS True.
"""

from __future__ import annotations

import argparse
import sys

from detectron2.data import DatasetCatalog
from tqdm import tqdm

import dnt_d2.data.builtin  # noqa: F401  registers
from dnt_d2.console import tolerate_any_text
from dnt_d2.data.mat_proposals import convert_mat, write_proposals


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="folder of .mat files, or one .mat file")
    parser.add_argument("output", help="the file of proposals, .pkl")
    parser.add_argument("--dataset", required=True, help="a registered data set, such as imagenet_vid_val")
    parser.add_argument("--top-k", type=int, default=300, help="rows of each image, the first ones (default: 300)")
    args = parser.parse_args()
    try:
        if args.top_k < 1:
            raise ValueError(f"--top-k {args.top_k}: it must be 1 or more")
        dicts = DatasetCatalog.get(args.dataset)
        data = convert_mat(args.source, dicts, args.top_k, tqdm)
        write_proposals(data, args.output)
    except (OSError, ValueError, KeyError, ModuleNotFoundError) as error:
        print(error.args[0] if isinstance(error, KeyError) else error, file=sys.stderr)
        return 1
    count = sum(len(logits) for logits in data["objectness_logits"])
    print(f"{args.output}: {count} proposals of {len(data['ids'])} images")
    return 0


if __name__ == "__main__":
    tolerate_any_text()
    sys.exit(main())
