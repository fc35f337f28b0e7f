"""Trainer: Detectron2's default trainer over pairs of frames, with a random state that survives a restart."""

from __future__ import annotations

import logging
import random
import weakref
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from detectron2.config import CfgNode
from detectron2.engine import (
    AMPTrainer,
    DefaultTrainer,
    HookBase,
    SimpleTrainer,
    TrainerBase,
    create_ddp_model,
    hooks,
)
from detectron2.evaluation import DatasetEvaluator, inference_on_dataset, print_csv_format
from detectron2.utils import comm
from detectron2.utils.events import CommonMetricPrinter, EventWriter, TensorboardXWriter
from detectron2.utils.logger import setup_logger
from torch import nn
from torch.utils.data import DataLoader

from .config_check import check_config
from .data import register_from_config
from .data.loaders import build_pair_train_loader, build_video_test_loader
from .evaluation import ProposalRecallEvaluator, VIDEvaluator
from .modeling import DetectAndTrack, VideoStream, folded, with_proposal_scales
from .resume import resume_run
from .training.checkpoint import PatientCheckpoints, WholeFileCheckpointer
from .training.loss_watch import LossWatch
from .training.metrics_file import MetricsFile, Spared
from .training.optimizer import build_optimizer
from .training.preemption import StopOnSignal
from .training.records import Records
from .training.scaling import scale_to_ranks
from .training.skipped_items import SkippedItems


class SeedEachStep(HookBase):
    """Makes every random choice of a step a function of (seed, rank, iteration).

    So the seed and the iteration are the whole random state: a resumed training draws what an uninterrupted one
    would have drawn, on any number of ranks, of which only the first writes checkpoints.
    """

    def before_step(self) -> None:
        words = np.random.SeedSequence([self.trainer.seed, comm.get_rank(), self.trainer.iter]).generate_state(3)
        random.seed(int(words[0]))
        np.random.seed(int(words[1]))
        torch.manual_seed(int(words[2]))


class Trainer(DefaultTrainer):
    """What `train_net.py` and the tests run."""

    def __init__(self, cfg: CfgNode) -> None:
        """
        Args:
            cfg: with the keys of :func:`dnt_d2.add_dnt_config`. With SEED below 0 a seed is drawn and kept in the
                checkpoints.

        Raises:
            ValueError: for a config that contradicts itself, see :mod:`dnt_d2.config_check`.
        """
        # The base class hands GPU ids to DistributedDataParallel, which refuses them on a CPU: hence not its __init__.
        TrainerBase.__init__(self)
        if not logging.getLogger("detectron2").isEnabledFor(logging.INFO):
            setup_logger()
        cfg = scale_to_ranks(cfg, comm.get_world_size())
        register_from_config(cfg)
        check_config(cfg, world_size=comm.get_world_size())
        self.seed: int = cfg.SEED if cfg.SEED >= 0 else comm.shared_random_seed()
        model = self.build_model(cfg)
        optimizer = self.build_optimizer(cfg, model)
        loader = self.build_train_loader(_changed(cfg, "SEED", self.seed))
        on_cpu = torch.device(cfg.MODEL.DEVICE).type == "cpu"
        model = create_ddp_model(model, broadcast_buffers=False, **({"device_ids": None} if on_cpu else {}))
        self.stepper = (AMPTrainer if cfg.SOLVER.AMP.ENABLED else SimpleTrainer)(model, loader, optimizer)
        self.watch = LossWatch(model, cfg)
        self.stepper.register_hooks([self.watch])
        self.scheduler = self.build_lr_scheduler(cfg, optimizer)
        self.checkpointer = WholeFileCheckpointer(model, cfg.OUTPUT_DIR, trainer=weakref.proxy(self))
        # Evaluations on the way save no runs: each would leave as much as the last one.
        self.start_iter, self.max_iter, self.cfg = 0, cfg.SOLVER.MAX_ITER, _changed(cfg, "TEST.SAVE_RUN", False)
        self.metrics: MetricsFile | None = None
        self.stop = StopOnSignal(self.checkpointer)
        self.register_hooks([SeedEachStep(), *self.build_hooks()])

    def build_hooks(self) -> list[HookBase]:
        """Detectron2's, with checkpoints that survive a full disk, a stop at a signal, and records that go on."""
        theirs = [hook for hook in super().build_hooks() if hook is not None]
        place = next(i for i, hook in enumerate(theirs) if isinstance(hook, hooks.EvalHook))
        sooner, later = theirs[:place], theirs[place:]
        if comm.is_main_process():
            sooner = [hook for hook in sooner if not isinstance(hook, hooks.PeriodicCheckpointer)]
            sooner.append(PatientCheckpoints(self.checkpointer, self.cfg.SOLVER.CHECKPOINT_PERIOD))
        skipped = SkippedItems(self.cfg.OUTPUT_DIR, self.cfg.SOLVER.CHECKPOINT_PERIOD)
        return [skipped, *sooner, self.stop, *later, Records(later, self.metrics)]

    def build_writers(self) -> list[EventWriter]:
        """Detectron2's, but for ``metrics.json``; TensorBoard hides what a resumed training records again."""
        folder = Path(self.cfg.OUTPUT_DIR)
        self.metrics = MetricsFile(folder / "metrics.json")

        def tensorboard() -> EventWriter:
            return TensorboardXWriter(str(folder), purge_step=self.start_iter, flush_secs=10)

        return [CommonMetricPrinter(self.max_iter), self.metrics, Spared(tensorboard)]

    def train(self) -> OrderedDict[str, Any] | None:
        """As in Detectron2; SIGTERM and Ctrl-C end it with a checkpoint (:mod:`.training.preemption`)."""
        with self.stop.listening():
            return super().train()

    def resume_or_load(self, resume: bool = True) -> None:
        """Load weights to start with; a resumed training goes on with all of its state, and the items that come next.

        Args:
            resume: go on from the last checkpoint in OUTPUT_DIR that is whole. Without any there, begin anew.

        Raises:
            UnusableCheckpointError: there are checkpoints, but none is whole.
            FileNotFoundError: only some of the ranks find the checkpoint: they would train different weights.
        """
        self.checkpointer.resume_or_load(self.cfg.MODEL.WEIGHTS, resume=resume)
        if self.checkpointer.resumed_from is None:
            return
        self.start_iter = self.iter + 1
        self.stepper.reset_data_loader(self._rest_of_training)

    def _rest_of_training(self) -> DataLoader:
        loader = self.build_train_loader(_changed(self.cfg, "SEED", self.seed))
        loader.sampler.seek(self.start_iter, loader.batch_size)  # type: ignore[attr-defined]
        return loader

    # The base class reaches its stepper by a private name, which this class doesn't use: hence these five.

    @property
    def model(self) -> nn.Module:
        """In training, perhaps behind ``DistributedDataParallel``."""
        return self.stepper.model

    @property
    def data_loader(self) -> DataLoader:
        """Of training."""
        return self.stepper.data_loader

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """With the learning rates of the moment."""
        return self.stepper.optimizer

    def run_step(self) -> None:
        """One update of the weights, unless a loss or gradient is not finite (:mod:`dnt_d2.training.loss_watch`)."""
        self.stepper.iter = self.iter
        with self.watch.over(self.iter, self.seed):
            self.stepper.run_step()

    def state_dict(self) -> dict[str, Any]:
        """Detectron2's state, the seed, and how many items each rank has trained on."""
        state = TrainerBase.state_dict(self) | {"stepper": self.stepper.state_dict()}
        return state | {"seed": self.seed, "items_per_rank": self._items_per_rank()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        TrainerBase.load_state_dict(self, state_dict)
        self.stepper.load_state_dict(state_dict["stepper"])
        self.seed = state_dict.get("seed", self.seed)
        expected = self._items_per_rank()
        if state_dict.get("items_per_rank", expected) != expected:
            logging.getLogger(__name__).warning(
                "the checkpoint was trained with %d items per rank, this run would have had %d: "
                "the number of ranks or the batch size changed, so the items to come are others",
                state_dict["items_per_rank"],
                expected,
            )

    def _items_per_rank(self) -> int:
        return (self.iter + 1) * (self.cfg.SOLVER.IMS_PER_BATCH // comm.get_world_size())

    @classmethod
    def build_optimizer(cls, cfg: CfgNode, model: nn.Module) -> torch.optim.Optimizer:
        """Detectron2's SGD, or AdamW (``SOLVER.OPTIMIZER``), with the trunk's own rate (``BACKBONE_MULTIPLIER``)."""
        return build_optimizer(cfg, model)

    @classmethod
    def build_train_loader(cls, cfg: CfgNode) -> DataLoader:
        """Pairs (or single frames, for D), see :func:`dnt_d2.data.loaders.build_pair_train_loader`."""
        return build_pair_train_loader(cfg)

    @classmethod
    def build_test_loader(cls, cfg: CfgNode, dataset_name: str) -> DataLoader:
        """Chunks of videos, see :func:`dnt_d2.data.loaders.build_video_test_loader`."""
        return build_video_test_loader(cfg, dataset_name)

    @classmethod
    def build_evaluator(cls, cfg: CfgNode, dataset_name: str) -> DatasetEvaluator:
        """Frame and tube AP by the devkit's rule; of an RPN alone, the recall of its proposals."""
        if cfg.MODEL.META_ARCHITECTURE == "ProposalNetwork":
            return ProposalRecallEvaluator(cfg, dataset_name)
        return VIDEvaluator(cfg, dataset_name)

    @classmethod
    def test(
        cls, cfg: CfgNode, model: nn.Module, evaluators: DatasetEvaluator | list[DatasetEvaluator] | None = None
    ) -> OrderedDict[str, Any]:
        """Evaluate, as in Detectron2, with the model behind a :class:`VideoStream`: each frame's trunk runs once.

        With ``TEST.SAVE_RUN`` what the network says is saved, and videos that the same network has finished before
        are not run again, see :meth:`dnt_d2.evaluation.VIDEvaluator.save_run`.
        """
        inner = model.module if isinstance(model, nn.parallel.DistributedDataParallel) else model
        if isinstance(inner, DetectAndTrack):
            stream: nn.Module = VideoStream(folded(inner) if cfg.TEST.FOLD_BATCH_NORM else inner)
        else:
            stream = with_proposal_scales(cfg, inner)
        register_from_config(cfg)
        if not cfg.TEST.SAVE_RUN or evaluators is not None or not isinstance(inner, DetectAndTrack):
            return super().test(cfg, stream, evaluators)
        results = OrderedDict()
        for dataset in cfg.DATASETS.TEST:
            loader, evaluator = cls.build_test_loader(cfg, dataset), cls.build_evaluator(cfg, dataset)
            resume_run(cfg, inner, loader, evaluator)
            results[dataset] = inference_on_dataset(stream, loader, evaluator)
            if comm.is_main_process():
                print_csv_format({name: values for name, values in results[dataset].items() if "_" not in name})
        return results if len(results) > 1 else next(iter(results.values()), results)


def _changed(cfg: CfgNode, key: str, value: Any) -> CfgNode:
    """A copy of a config with another value of one key."""
    copy = cfg.clone()
    copy.defrost()
    copy.merge_from_list([key, value])
    return copy
