"""Test-time variants of one trained network side by side (sec. 5.3).

A variant is a small config file, as those in configs/test/, that is merged over the network's. Variants that differ in
linking alone share one pass of the network over the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detectron2.config import CfgNode
from detectron2.utils import comm
from tabulate import tabulate

from .config_check import check_config
from .config_files import merge_config_file
from .engine import Trainer
from .evaluation import VIDEvaluator
from .evaluation.linking import Linking
from .tubes.collector import TubeSettings
from .vetting import VettedCheckpointer

COLUMNS = {"frame": "frames", "tube": "tubes", "tube_all": "tubes, all frames"}
"""What is told of each variant, with its heading."""


@dataclass(frozen=True)
class Variant:
    """A way to test.

    Attributes:
        name: of its file, without ending.
        cfg: the whole config.
    """

    name: str
    cfg: CfgNode

    @property
    def linkings(self) -> dict[str, Linking]:
        """How its tubes are made; with a temporal stride they are also judged in all frames."""
        settings = TubeSettings.from_config(self.cfg.TUBES)
        linkings = {"tube": Linking(settings)}
        if self.cfg.TEST.TEMPORAL_STRIDE > 1:
            linkings["tube_all"] = Linking(settings, every_frame=True)
        return {f"{self.name}/{kind}": linking for kind, linking in linkings.items()}


def load_variants(cfg: CfgNode, files: Iterable[str | Path]) -> list[Variant]:
    """Merge each file over the config.

    Raises:
        ValueError: two files have one name, or a merged config contradicts itself (:mod:`dnt_d2.config_check`).
    """
    variants: list[Variant] = []
    for file in files:
        merged = cfg.clone()
        merged.defrost()
        merge_config_file(merged, file)
        merged.freeze()
        check_config(merged, training=False)
        if Path(file).stem in {variant.name for variant in variants}:
            raise ValueError(f"{file}: there is another variant {Path(file).stem!r}; rename one of the files")
        variants.append(Variant(Path(file).stem, merged))
    return variants


def group_passes(variants: Sequence[Variant]) -> list[list[Variant]]:
    """The variants that can share one pass of the network: their configs differ in TUBES alone."""
    groups: dict[str, list[Variant]] = {}
    for variant in variants:
        network = variant.cfg.clone()
        network.defrost()
        network.TUBES = CfgNode()
        groups.setdefault(network.dump(), []).append(variant)
    return list(groups.values())


def evaluate_variants(variants: Sequence[Variant], dataset: str) -> list[dict[str, Any]]:
    """AP50 of every variant on one data set. In distributed runs every rank must call it.

    Args:
        variants: with MODEL.WEIGHTS in their configs.
        dataset: a registered name.

    Returns:
        On rank 0, for each variant in the order given, ``variant`` (its name), and in percent ``frame`` and ``tube``
        (in the frames that the network saw), and with a temporal stride ``tube_all`` (in all frames). Elsewhere [].
    """
    rows: dict[str, dict[str, Any]] = {}
    for group in group_passes(variants):
        cfg = _on_one(group[0].cfg, dataset)
        model = Trainer.build_model(cfg)
        VettedCheckpointer(model).load(cfg.MODEL.WEIGHTS)
        linkings = {name: linking for variant in group for name, linking in variant.linkings.items()}
        results = Trainer.test(cfg, model, VIDEvaluator(cfg, dataset, linkings=linkings, output_dir=None))
        if not comm.is_main_process():
            continue
        for variant in group:
            tubes = {name.partition("/")[2]: results[name]["AP50"] for name in variant.linkings}
            rows[variant.name] = {"variant": variant.name, "frame": results["frame"]["AP50"], **tubes}
    return [rows[variant.name] for variant in variants] if rows else []


def _on_one(cfg: CfgNode, dataset: str) -> CfgNode:
    """The config with this data set alone to test on; of the files of proposals, its own."""
    names, files = list(cfg.DATASETS.TEST), list(cfg.DATASETS.PROPOSAL_FILES_TEST)
    single = cfg.clone()
    single.defrost()
    single.DATASETS.TEST = (dataset,)
    if dataset in names and len(files) == len(names):
        single.DATASETS.PROPOSAL_FILES_TEST = (files[names.index(dataset)],)
    return single


def variants_table(rows: Sequence[dict[str, Any]]) -> str:
    """The results of :func:`evaluate_variants` in Markdown."""
    cells = [[row["variant"], *(f"{row[key]:.1f}" if key in row else "" for key in COLUMNS)] for row in rows]
    align = ["left", *["right"] * len(COLUMNS)]
    return tabulate(cells, headers=["", *COLUMNS.values()], tablefmt="pipe", colalign=align, disable_numparse=True)
