"""Detectron2's evaluator for the RPN alone: recall of its proposals, per class and on average (sec. 5.2)."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from detectron2.config import CfgNode, configurable
from detectron2.evaluation import DatasetEvaluator
from detectron2.utils import comm
from numpy.typing import NDArray

from ..geometry import FloatArray
from .dataset import Dataset, describe, output_folder, save_results
from .ground_truth import VideoTruth
from .outputs import place_of, to_numpy
from .proposal_recall import (
    PAPER_RECALL,
    RECALL_LIMITS,
    IntArray,
    count_found,
    found_within,
    mean_recall,
    recall_by_class,
)
from .replaced_frames import ReplacedFrames
from .report.facts import replaced_line
from .tables import per_class_table

logger = logging.getLogger(__name__)


class ProposalRecallEvaluator(DatasetEvaluator):
    """Recall of the best 10, 100 and 300 proposals of every frame, as :mod:`.proposal_recall` measures it.

    Frames may come in any order and on any rank, each once. Those that the network has not seen do not count.
    """

    @configurable
    def __init__(
        self,
        dataset: Dataset,
        *,
        limits: Sequence[int] = RECALL_LIMITS,
        iou: float = 0.5,
        temporal_stride: int = 1,
        distributed: bool = True,
        output_dir: str | None = None,
        on_fault: str = "error",
    ) -> None:
        """Either as below, or ``ProposalRecallEvaluator(cfg, dataset, ...)``.

        Args:
            dataset: the name of a registered data set, or its dicts (one per frame) and the names of its classes.
            limits: numbers of proposals.
            iou: from which on an object is found.
            temporal_stride: which frames to expect: every so-many-th of a video, and its last.
            distributed: gather the results of all ranks; False evaluates what this process has seen.
            output_dir: where ``proposal_results.json`` is written; None writes nothing.
            on_fault: with "skip" images of the data set may be missing, see :mod:`.replaced_frames`.
        """
        self._name, dicts, self._classes = describe(dataset, on_fault)
        self._truth = VideoTruth.of(dicts, len(self._classes))
        self._limits, self._iou, self._stride = tuple(limits), iou, temporal_stride
        self._distributed, self._output_dir = distributed, output_dir
        self.reset()

    @classmethod
    def from_config(cls, cfg: CfgNode, dataset: Dataset) -> dict[str, Any]:
        """The arguments from TEST.TEMPORAL_STRIDE and OUTPUT_DIR (a folder ``inference/<dataset>`` in it)."""
        return {
            "dataset": dataset,
            "temporal_stride": cfg.TEST.TEMPORAL_STRIDE,
            "output_dir": output_folder(cfg.OUTPUT_DIR, dataset),
            "on_fault": cfg.DATASETS.ON_FAULT,
        }

    def reset(self) -> None:
        """Forget everything that was processed."""
        self._seen = np.zeros(self._truth.num_frames, dtype=np.int64)
        self._found: IntArray = np.zeros((len(self._limits), len(self._classes)), dtype=np.int64)
        self._replaced = ReplacedFrames()

    def process(self, inputs: Sequence[Mapping[str, Any]], outputs: Sequence[Mapping[str, Any]]) -> None:
        """Take the outputs of frames.

        Args:
            inputs: per frame a dict with video_id and frame_index.
            outputs: per frame a dict with proposals: ``proposal_boxes`` in original pixels, ``objectness_logits``.

        Raises:
            ValueError: a frame is not in the data set, or has no proposals.
        """
        for frame, output in zip(inputs, outputs, strict=True):
            video_id, frame_index = place_of(frame)
            if "proposals" not in output:
                raise ValueError(
                    "the network gave no proposals: MODEL.META_ARCHITECTURE must be 'ProposalNetwork' to measure them"
                )
            number = int(self._truth.numbers(video_id, np.array([frame_index]))[0])
            self._seen[number] += 1
            self._replaced.note(frame)
            objects = self._truth.rows(np.array([number]))
            found = self._hits(output["proposals"], self._truth.boxes[objects])
            self._found += count_found(found, self._truth.classes[objects], len(self._classes))

    def _hits(self, proposals: Any, gt_boxes: FloatArray) -> NDArray[np.bool_]:
        height, width = proposals.image_size
        boxes = to_numpy(proposals.proposal_boxes.tensor)
        # Detectron2 clips to the picture's edge, the corners of the data set are pixels.
        boxes = np.minimum(boxes, np.array([width - 1, height - 1, width - 1, height - 1], dtype=boxes.dtype))
        return found_within(boxes, to_numpy(proposals.objectness_logits), gt_boxes, self._limits, self._iou)

    def evaluate(self) -> OrderedDict[str, OrderedDict[str, float]]:
        """Recall over everything processed, on all ranks together. Every rank must call it.

        Returns:
            On rank 0 "proposals", with "recall@k" and "recall@k-<class>" in percent for every limit k, NaN for classes
            without objects. On other ranks nothing.

        Raises:
            ValueError: when a frame was processed twice.
        """
        parts = [(self._seen, self._found, self._replaced.count)]
        if self._distributed:
            comm.synchronize()
            parts = comm.gather(parts[0], dst=0)
            if not comm.is_main_process():
                return OrderedDict()
        seen = np.sum([part[0] for part in parts], axis=0)
        counts = np.sum([part[1] for part in parts], axis=0)
        if (seen > 1).any():
            twice = self._truth.describe(int(np.argmax(seen > 1)))
            raise ValueError(f"{twice} was processed {seen.max()} times: the sampler must give each frame once")
        missing = np.flatnonzero(self._truth.sampled(self._stride) & (seen == 0))
        if len(missing):
            example = self._truth.describe(int(missing[0]))
            logger.warning(f"{len(missing)} frames of {self._name} were not processed, {example} for one")
        num_gt = self._truth.count(seen > 0)
        recalls = recall_by_class(counts, num_gt)
        results: OrderedDict[str, OrderedDict[str, float]] = OrderedDict(proposals=OrderedDict())
        for limit, mean in zip(self._limits, mean_recall(recalls), strict=True):
            results["proposals"][f"recall@{limit}"] = 100 * float(mean)
        for limit, row in zip(self._limits, recalls, strict=True):
            for name, value in zip(self._classes, row, strict=True):
                results["proposals"][f"recall@{limit}-{name}"] = 100 * float(value)
        replaced = sum(part[2] for part in parts)
        self._report(results, 100 * recalls, num_gt, int((seen > 0).sum()), replaced)
        return results

    def _report(
        self,
        results: Mapping[str, Mapping[str, float]],
        percent: FloatArray,
        num_gt: IntArray,
        num_frames: int,
        replaced: int,
    ) -> None:
        columns = {f"recall@{limit}": row.tolist() for limit, row in zip(self._limits, percent, strict=True)}
        table = per_class_table(self._classes, columns, {"boxes": num_gt.tolist()})
        logger.info(
            f"Recall of proposals at IoU {self._iou} on {num_frames} frames of {self._name} (the paper's mean on "
            f"ImageNet VID's validation set, of 300 at IoU 0.5: {PAPER_RECALL}):\n{table}"
        )
        skipped = {"skipped": {"frames": replaced}} if replaced else {}
        if replaced:
            logger.warning(replaced_line(skipped))
        content = {
            "dataset": self._name,
            "frames": num_frames,
            "iou": self._iou,
            "temporal_stride": self._stride,
            "boxes": dict(zip(self._classes, num_gt.tolist(), strict=True)),
            "results": results,
            **skipped,
        }
        save_results(self._output_dir, "proposal_results.json", content)
