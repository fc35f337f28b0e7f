"""Evaluate without running the network: a saved run with any linking, or result files against ground truth.

python -m dnt_d2.evaluation --run output/X/inference/DATASET
python -m dnt_d2.evaluation --run RUN --set TUBES.TOP_FRACTION 0.3 TUBES.ONLINE True --output report.html
python -m dnt_d2.evaluation --run RUN --sweep TUBES.TOP_FRACTION 0.1 0.2 0.5 1.0 --output alpha.png
python -m dnt_d2.evaluation --run RUN --export mot tracks/ --export coco results.json
python -m dnt_d2.evaluation --predictions results.json --ground-truth val.json --output report.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..console import tolerate_any_text
from .command import evaluate_predictions, evaluate_saved
from .extra_metrics import METRICS


def get_parser() -> argparse.ArgumentParser:
    """The options of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m dnt_d2.evaluation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_argument_group("what to evaluate")
    source = what.add_mutually_exclusive_group(required=True)
    source.add_argument("--run", metavar="FOLDER", help="a saved run, or a folder with runs/: then its newest")
    source.add_argument(
        "--predictions", metavar="FILE", help="results: COCO .json, ILSVRC .txt, .csv, or a folder of MOT .txt"
    )
    what.add_argument("--ground-truth", metavar="FILE", help="for --predictions: COCO-VID JSON")
    how = parser.add_argument_group("how")
    how.add_argument(
        "--set", nargs="+", default=[], metavar="KEY VALUE", help="config keys TUBES.*, TEST.TEMPORAL_STRIDE"
    )
    how.add_argument(
        "--sweep",
        nargs="+",
        action="append",
        default=[],
        metavar="KEY VALUE",
        help="a key and values, each evaluated beside the settings as they are; may be given several times",
    )
    how.add_argument(
        "--metrics", nargs="*", choices=METRICS, help="of those that take long; all up to 20,000 frames, none above"
    )
    how.add_argument("--workers", type=int, help="processes; one per core by default")
    out = parser.add_argument_group("where to")
    out.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FILE",
        help="report as .json, .md, .html; a sweep also .png, .svg",
    )
    out.add_argument(
        "--export",
        nargs=2,
        action="append",
        default=[],
        metavar=("FORMAT", "PATH"),
        help="write boxes as ilsvrc, mot (a folder; tubes cut at TUBES.TRIM_SCORE), coco or csv",
    )
    out.add_argument("--kind", default="", help="which boxes to export: frame, tube, ...; tubes by default")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = get_parser()
    args = parser.parse_args(arguments)
    if (args.ground_truth is None) == (args.predictions is not None):
        parser.error("--ground-truth goes with --predictions: give both, or --run")
    try:
        evaluate_saved(args) if args.run is not None else evaluate_predictions(args)
    except (ValueError, OSError, ModuleNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    tolerate_any_text()
    sys.exit(main())
