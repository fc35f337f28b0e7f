#!/usr/bin/env python3
"""Test one trained network in all ways of the paper's section 5.3, and print their AP50 side by side.

python tools/compare_variants.py --num-gpus 2 --config-file configs/minivid/DnT_EfficientNet_Lite0.yaml \\
    MODEL.WEIGHTS output/minivid/DnT_EfficientNet_Lite0/model_final.pth

A variant is a file that is merged over the config. Those that differ in linking alone share a pass over the data.
Numbers go to <OUTPUT_DIR>/variants.json; with --record also to benchmarks/results/ and into README.md. What half
precision changes is recorded by

python tools/compare_variants.py ... --variant configs/test/tau_1.yaml --variant configs/test/bfloat16.yaml \\
    --record precision
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from detectron2.config import get_cfg
from detectron2.utils import comm
from detectron2.utils.logger import setup_logger

from dnt_d2 import add_dnt_config
from dnt_d2.config_files import merge_config_file
from dnt_d2.console import tolerate_any_text
from dnt_d2.data import register_from_config
from dnt_d2.evaluation.tables import write_json
from dnt_d2.processes.launching import argument_parser, launch_ranks
from dnt_d2.provenance import gpus, machine_name, provenance, replace_block
from dnt_d2.variants import evaluate_variants, load_variants, variants_table

ROOT = Path(__file__).resolve().parent.parent
# The rows of tables 1 and 2 and of section 5.3, then ours. Proposals from 5 scales take several passes of the trunk:
# they are compared where somebody asks for it.
VARIANTS = (
    "D_and_T_loss",
    "tau_10",
    "tau_1",
    "online",
    "average",
    "average_both",
    "tau_10_average",
    "presence",
)


def get_parser() -> argparse.ArgumentParser:
    parser = argument_parser(epilog=__doc__)
    parser.add_argument(
        "--variant",
        action="append",
        default=[],
        metavar="FILE",
        help="a config file of a test-time variant; by default those of configs/test that the paper reports, and ours",
    )
    parser.add_argument(
        "--record",
        nargs="?",
        const="variants",
        metavar="NAME",
        help="also put the numbers into the repository, as NAME (default: variants)",
    )
    return parser


def main(args: argparse.Namespace) -> dict[str, Any]:
    """Evaluate every variant on every data set of DATASETS.TEST.

    Raises:
        ValueError: there is none, or a variant contradicts itself.
    """
    cfg = get_cfg()
    add_dnt_config(cfg)
    merge_config_file(cfg, args.config_file)
    cfg.merge_from_list(args.opts)
    cfg.freeze()
    if not cfg.DATASETS.TEST:
        raise ValueError("DATASETS.TEST is empty: name at least one data set to compare the variants on")
    setup_logger(cfg.OUTPUT_DIR, distributed_rank=comm.get_rank())
    setup_logger(cfg.OUTPUT_DIR, distributed_rank=comm.get_rank(), name="dnt_d2")
    register_from_config(cfg)
    variants = load_variants(cfg, args.variant or [ROOT / "configs/test" / f"{name}.yaml" for name in VARIANTS])
    results = {dataset: evaluate_variants(variants, dataset) for dataset in cfg.DATASETS.TEST}
    if not comm.is_main_process():
        return results
    for dataset, rows in results.items():
        print(f"\nAP50 on {dataset}, in percent:\n\n{variants_table(rows)}")
    facts = {
        "command": "tools/compare_variants.py",
        **provenance(gpu=gpus(cfg.MODEL.DEVICE)),
        "config": args.config_file,
    }
    facts |= {"weights": cfg.MODEL.WEIGHTS, "seed": cfg.SEED, "AP50": results}
    write_json(Path(cfg.OUTPUT_DIR, "variants.json"), facts)
    print(f"written: {Path(cfg.OUTPUT_DIR, 'variants.json')}")
    if args.record:
        record(facts, args.record)
    return results


def record(facts: dict[str, Any], name: str = "variants") -> None:
    """Put the numbers into benchmarks/results/ and their tables into the block of this name in README.md."""
    result = Path("benchmarks/results") / f"{name}--{machine_name()}.json"
    write_json(ROOT / result, facts)
    tables = "".join(f"AP50 on `{dataset}`:\n\n{variants_table(rows)}\n\n" for dataset, rows in facts["AP50"].items())
    source = f"(One model, seed {facts['seed']}; {facts['date']}, {facts['machine']}; [{result.name}]({result}).)\n"
    replace_block(ROOT / "README.md", name, tables + source)
    print(f"written: {result}, README.md")


if __name__ == "__main__":
    tolerate_any_text()
    launch_ranks(main, get_parser().parse_args())
