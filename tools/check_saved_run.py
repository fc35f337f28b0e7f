#!/usr/bin/env python3
"""Ten ways to link, from one saved run and from the network itself: are they equal, and how long does the run take?

python tools/check_saved_run.py --num-gpus 2 --config-file configs/minivid/DnT_EfficientNet_Lite0.yaml \\
    MODEL.WEIGHTS output/minivid/DnT_EfficientNet_Lite0/model_final.pth

The network runs three times: once to save, once with all ten ways and nothing saved, and once as `train_net.py
--eval-only` of a single one would run it. With --record the figures also go to benchmarks/results/ and README.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from detectron2.config import CfgNode, get_cfg
from detectron2.utils import comm
from detectron2.utils.logger import setup_logger

from dnt_d2 import add_dnt_config
from dnt_d2.config_files import merge_config_file
from dnt_d2.data import register_from_config
from dnt_d2.engine import Trainer
from dnt_d2.evaluation import VIDEvaluator
from dnt_d2.evaluation.settings import Changeable, sweep_linkings
from dnt_d2.evaluation.tables import write_json
from dnt_d2.processes.launching import argument_parser, launch_ranks
from dnt_d2.provenance import gpus, machine_name, provenance, replace_block
from dnt_d2.tubes.collector import TubeSettings
from dnt_d2.vetting import VettedCheckpointer

ROOT = Path(__file__).resolve().parent.parent
LIMIT_SECONDS = 30.0
SWEEPS = {
    "TUBES.TOP_FRACTION": ["0.1", "0.25", "1.0"],
    "TUBES.LINK_IOU": ["0.3", "0.7"],
    "TUBES.NMS_IOU": ["0.3", "0.6"],
    "TUBES.VOTE_IOU": ["0.8"],
    "TUBES.TOP_K": ["10"],
    "TUBES.ONLINE": ["True"],
}
"""Ten settings, each of which differs from the config's in one key."""
SINGLE = ("TUBES.NMS_IOU", "0.3")


def load_config(args: argparse.Namespace, *overrides: Any) -> CfgNode:
    cfg = get_cfg()
    add_dnt_config(cfg)
    merge_config_file(cfg, args.config_file)
    cfg.merge_from_list([*args.opts, *overrides])
    cfg.DATASETS.TEST = cfg.DATASETS.TEST[:1]
    cfg.freeze()
    register_from_config(cfg)
    setup_logger(cfg.OUTPUT_DIR, distributed_rank=comm.get_rank(), name="dnt_d2")
    return cfg


def run_network(args: argparse.Namespace) -> None:
    """Rank by rank: a saved run, then the network with all ways to link, then with one. Results go to a JSON file."""
    cfg = load_config(args)
    (dataset,) = cfg.DATASETS.TEST
    model = Trainer.build_model(cfg)
    VettedCheckpointer(model).load(cfg.MODEL.WEIGHTS)
    saved = Trainer.test(cfg, model)
    linkings = sweep_linkings(Changeable(TubeSettings.from_config(cfg.TUBES)), SWEEPS)
    direct = Trainer.test(cfg, model, VIDEvaluator(cfg, dataset, linkings=linkings, output_dir=None))
    single = Trainer.test(load_config(args, "TEST.SAVE_RUN", False, *SINGLE), model)
    if comm.is_main_process():
        write_json(results_file(cfg), {"saved": saved, "direct": direct, "single": single, "dataset": dataset})


def results_file(cfg: CfgNode) -> Path:
    return Path(cfg.OUTPUT_DIR, "check_saved_run_network.json")


def evaluate_saved(cfg: CfgNode, dataset: str) -> tuple[float, dict[str, Any]]:
    """Seconds of the whole command, and its report."""
    output = Path(cfg.OUTPUT_DIR, "check_saved_run_report.json")
    run = Path(cfg.OUTPUT_DIR, "inference", dataset)
    command = [sys.executable, "-m", "dnt_d2.evaluation", "--run", str(run), "--output", str(output)]
    for key, values in SWEEPS.items():
        command += ["--sweep", key, *values]
    start = time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT)
    return time.perf_counter() - start, json.loads(output.read_text(encoding="utf-8"))


def compare(network: dict[str, Any], report: dict[str, Any]) -> dict[str, float]:
    """The largest difference of any class's AP, in percent, for each way to link."""
    worst: dict[str, float] = {}
    for kind in report["kinds"]:
        told = dict(zip(report["classes"], report["AP50"][kind]["per_class"], strict=True))
        worst[kind] = max(
            abs(value - network["direct"][kind][f"AP50-{name}"]) for name, value in told.items() if value is not None
        )
    single = report["AP50"]["=".join(SINGLE)]["mean"]
    worst["train_net.py --eval-only " + " ".join(SINGLE)] = abs(single - network["single"]["tube"]["AP50"])
    return worst


def main() -> None:
    parser = argument_parser(epilog=__doc__)
    parser.add_argument("--record", action="store_true", help="also put the figures into the repository")
    args = parser.parse_args()
    if not launch_ranks(run_network, args):
        return
    cfg = load_config(args)
    network = json.loads(results_file(cfg).read_text(encoding="utf-8"))
    seconds, report = evaluate_saved(cfg, network["dataset"])
    worst = compare(network, report)
    facts = {
        "command": "tools/check_saved_run.py",
        **provenance(gpu=gpus(cfg.MODEL.DEVICE)),
        "dataset": network["dataset"],
    }
    facts |= {"settings": sum(map(len, SWEEPS.values())), "frames": report["frames"], "seconds": round(seconds, 1)}
    facts |= {"limit_seconds": LIMIT_SECONDS, "largest_difference_of_AP": worst}
    facts["AP50"] = {kind: report["AP50"][kind]["mean"] for kind in report["kinds"]}
    write_json(Path(cfg.OUTPUT_DIR, "check_saved_run.json"), facts)
    equal = all(value == 0 for value in worst.values())
    text = (
        f"{facts['settings']} ways to link {facts['frames']:,} frames of `{facts['dataset']}` take {seconds:.1f} s "
        f"from a saved run, and are {'equal' if equal else 'NOT EQUAL'} to what the network gives at once"
    )
    print(text)
    if args.record:
        result = Path("benchmarks/results") / f"saved_run--{machine_name()}.json"
        write_json(ROOT / result, facts)
        source = f"\n({facts['date']}, {facts['machine']}; [{result.name}]({result}).)\n"
        replace_block(ROOT / "README.md", "saved_run", f"{text}.{source}")
        print(f"written: {result}, README.md")
    sys.exit(0 if equal and seconds <= LIMIT_SECONDS else 1)


if __name__ == "__main__":
    main()
