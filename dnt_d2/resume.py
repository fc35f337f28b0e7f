"""An evaluation that goes on where it was stopped: what of it counts again, and under which name."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import torch
from detectron2.config import CfgNode
from detectron2.evaluation import DatasetEvaluator
from torch import nn
from torch.utils.data import DataLoader

from .data.samplers import VideoChunkSampler
from .evaluation import VIDEvaluator
from .evaluation.run_digest import run_digest
from .provenance import gpus

logger = logging.getLogger(__name__)

# Keys of TEST that don't change what the network says of a frame.
_OF_NO_MATTER = ("SAVE_RUN", "EVAL_PERIOD", "EXPECTED_RESULTS", "FRAMES_PER_BATCH")


def resume_run(cfg: CfgNode, model: nn.Module, loader: DataLoader, evaluator: DatasetEvaluator) -> None:
    """Let an evaluator save what the network says, and leave out of the loader what is there already.

    Evaluators and loaders of other kinds are left as they are. Every rank must call it.

    Args:
        cfg: of the evaluation.
        model: with its weights.
        loader: of :func:`dnt_d2.data.loaders.build_video_test_loader`; iteration must not have begun.
        evaluator: that will get what the loader gives.
    """
    sampler = loader.batch_sampler
    if not isinstance(evaluator, VIDEvaluator) or not isinstance(sampler, VideoChunkSampler):
        return
    digest = run_digest(_weights(model), says(cfg), evaluator.plan.truth, evaluator.plan.frames)
    device = next(iter(model.state_dict().values())).device
    finished = evaluator.save_run(digest, gpus(device))
    sampler.leave_out(set(finished))
    if finished:
        total = len(evaluator.plan.truth.videos)
        logger.info(f"{len(finished)} of {total} videos are finished, of the same weights, config and data: kept")


def says(cfg: CfgNode) -> str:
    """The part of a config that decides what the network says of a frame, as text; linking is not among it."""
    model, test = cfg.MODEL.clone(), cfg.TEST.clone()
    for node, keys in ((model, ("WEIGHTS", "DEVICE")), (test, _OF_NO_MATTER)):
        node.defrost()
        for key in keys:
            node.pop(key)
    parts: dict[str, Any] = {"MODEL": model, "TEST": test, "INPUT": cfg.INPUT}
    parts["PROPOSALS"] = CfgNode({"FILES": list(cfg.DATASETS.PROPOSAL_FILES_TEST)})
    return "\n".join(f"{name}:\n{node.dump()}" for name, node in parts.items())


def _weights(model: nn.Module) -> Iterator[tuple[str, memoryview]]:
    """Names and bytes of all parameters and buffers."""
    for name, tensor in model.state_dict().items():
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        yield name, flat.view(torch.uint8).numpy().data
