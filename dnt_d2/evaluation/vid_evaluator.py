"""Detectron2's evaluator for video: AP of single frames, of tubes, and of tubes without tracks, in one pass."""

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

from ..tubes.collector import TubeSettings, VideoCollector
from .average_precision import ClassAP, mean_ap
from .dataset import Dataset, describe, output_folder, save_results, to_numpy
from .ground_truth import VideoTruth
from .linking import Linking, standard_linkings, tube_hits
from .share import Share, join_shares
from .tables import per_class_table

logger = logging.getLogger(__name__)

IntArray = NDArray[np.int64]


class VIDEvaluator(DatasetEvaluator):
    """AP50 by the devkit's rule, of the network's detections in single frames and of the tubes linked from them.

    A video is linked as soon as its last sampled frame has come, so only one video's candidates are in memory; of a
    detection that has been matched with the ground truth, only class, score and outcome are kept. A rank must get
    whole videos, frame by frame. Networks without tracks (D) give the frame-level result only, in any order.

    Frames that the network has not seen, as with a temporal stride, do not count, neither do their objects; but with a
    stride, "tube_all" is the AP over all frames, with boxes between those that it saw.

    Example::

        evaluator = VIDEvaluator(cfg, "minivid_val_novel")
        results = inference_on_dataset(VideoStream(model), loader, evaluator)
        results["tube"]["AP50"]
    """

    @configurable
    def __init__(
        self,
        dataset: Dataset,
        *,
        tubes: TubeSettings | None = None,
        linkings: Mapping[str, Linking] | None = None,
        temporal_stride: int = 1,
        distributed: bool = True,
        output_dir: str | None = None,
    ) -> None:
        """Either as below, or ``VIDEvaluator(cfg, dataset, ...)``, which takes what is not given from the config.

        Args:
            dataset: the name of a registered data set, or its dicts (one per frame) and the names of its classes.
            tubes: how videos are linked; None is the default of :class:`TubeSettings`.
            linkings: the ways to link, by the names of their results, in the place of those that ``tubes`` gives.
            temporal_stride: which frames to expect: every so-many-th of a video, and its last. Others are welcome.
            distributed: gather the results of all ranks; False evaluates what this process has seen.
            output_dir: where ``vid_results.json`` is written; None writes nothing.

        Raises:
            ValueError: one of ``linkings`` is called "frame".
        """
        self._name, dicts, self._classes = describe(dataset)
        self._truth = VideoTruth.of(dicts, len(self._classes))
        if linkings is None:
            linkings = standard_linkings(tubes or TubeSettings(), temporal_stride)
        self._linkings = dict(linkings)
        if "frame" in self._linkings:
            raise ValueError('"frame" is the name of what single frames give: call the linking otherwise')
        self._stride = temporal_stride
        self._distributed = distributed
        self._output_dir = output_dir
        self.reset()

    @classmethod
    def from_config(cls, cfg: CfgNode, dataset: Dataset) -> dict[str, Any]:
        """The arguments from TUBES, TEST.TEMPORAL_STRIDE and OUTPUT_DIR (a folder ``inference/<dataset>`` in it)."""
        return {
            "dataset": dataset,
            "tubes": TubeSettings.from_config(cfg.TUBES),
            "temporal_stride": cfg.TEST.TEMPORAL_STRIDE,
            "output_dir": output_folder(cfg.OUTPUT_DIR, dataset),
        }

    def reset(self) -> None:
        """Forget everything that was processed."""
        self._share = Share.empty(self._truth.num_frames, ("frame", *self._linkings))
        self._video_id: int | None = None
        self._video = VideoCollector()

    def process(self, inputs: Sequence[Mapping[str, Any]], outputs: Sequence[Mapping[str, Any]]) -> None:
        """Take the outputs of consecutive frames.

        Args:
            inputs: per frame a dict with video_id and frame_index.
            outputs: per frame a dict with instances, and for video link_candidates and tracklets.

        Raises:
            ValueError: when a frame comes twice, out of order, or is not in the data set.
        """
        if len(inputs) != len(outputs):
            raise ValueError(f"{len(inputs)} frames went into the network, but {len(outputs)} outputs came out")
        for frame, output in zip(inputs, outputs, strict=True):
            if "video_id" not in frame or "frame_index" not in frame:
                raise ValueError("the loader must hand on video_id and frame_index of each frame")
            video_id, frame_index = int(frame["video_id"]), int(frame["frame_index"])
            number = self._truth.numbers(video_id, np.array([frame_index]))
            if self._share.seen[number[0]]:
                raise ValueError(f"{self._truth.describe(int(number[0]))} was processed twice")
            self._share.seen[number] = True
            self._add_instances(number, output["instances"])
            if "link_candidates" in output:
                self._collect(video_id, frame_index, output)
            else:
                self._share.without_candidates += 1

    def evaluate(self) -> OrderedDict[str, OrderedDict[str, float]]:
        """Average precision over everything processed, on all ranks together. Every rank must call it.

        Returns:
            On rank 0 "frame" and, when every frame had link candidates, "tube", "tube_psi0" (without tracks), with a
            stride "tube_all" (in all frames), or the names in ``linkings``; each with "AP50" and "AP50-<class>" in
            percent, NaN without ground truth. On other ranks nothing.

        Raises:
            ValueError: when ranks have processed the same frame, or parts of the same video.
        """
        self._link_video()
        share = self._share
        if self._distributed:
            comm.synchronize()
            shares = comm.gather(share, dst=0)
            if not comm.is_main_process():
                return OrderedDict()
            share = join_shares(shares, self._truth.describe)
        seen, logs = share.seen, share.logs
        if share.without_candidates:
            if share.without_candidates < seen.sum():
                logger.warning(
                    f"{share.without_candidates} of {seen.sum()} frames came without link_candidates: no tube AP"
                )
            logs = {"frame": logs["frame"]}
        self._warn(seen, len(logs["frame"]))
        num_gt, num_gt_spanned = self._truth.count(seen), self._truth.count(share.spanned)
        results = OrderedDict(
            (name, self._percent(log.evaluate(num_gt_spanned if self._in_every_frame(name) else num_gt)))
            for name, log in logs.items()
        )
        self._report(results, num_gt, int(seen.sum()))
        return results

    def _add_instances(self, number: IntArray, instances: Any) -> None:
        classes = to_numpy(instances.pred_classes)
        scores = to_numpy(instances.scores)
        if len(classes) and classes.max() >= len(self._classes):
            raise ValueError(f"the network found class {classes.max()}, but {self._name} has {len(self._classes)}")
        frames = np.repeat(number, len(scores))
        hits = self._truth.hits(frames, classes, to_numpy(instances.pred_boxes.tensor), scores)
        self._share.logs["frame"].add(frames, classes, scores, hits)

    def _collect(self, video_id: int, frame_index: int, output: Mapping[str, Any]) -> None:
        """Keep what linking needs, and link when the video is complete."""
        if video_id != self._video_id:
            self._link_video()
            if video_id in self._share.linked:
                raise ValueError(f"frame {frame_index} of video {video_id} came after the video was linked")
            self._video_id = video_id
        candidates, tracklets = output["link_candidates"], output["tracklets"]
        scores = to_numpy(candidates.class_scores)
        if scores.shape[1] != len(self._classes):
            raise ValueError(f"the network has {scores.shape[1]} classes, but {self._name} has {len(self._classes)}")
        ends = [to_numpy(tracklets.start_boxes.tensor), to_numpy(tracklets.end_boxes.tensor)]
        revised = to_numpy(output["revised_candidates"].class_scores) if "revised_candidates" in output else None
        boxes = to_numpy(candidates.pred_boxes.tensor)
        self._video.add(frame_index, boxes, scores, np.concatenate(ends, axis=1), revised=revised)
        if frame_index == self._truth.last_index(video_id):
            self._link_video()

    def _link_video(self) -> None:
        """Link the video under way, if there is one, in all the ways that are asked for."""
        if self._video_id is None:
            return
        for name, linking in self._linkings.items():
            self._share.logs[name].add(*tube_hits(self._truth, self._video_id, self._video, linking))
        frames = self._video.frames
        self._share.spanned[self._truth.between(self._video_id, frames[0], frames[-1])] = True
        self._share.linked.add(self._video_id)
        self._video_id = None
        self._video = VideoCollector()

    def _in_every_frame(self, name: str) -> bool:
        return name in self._linkings and self._linkings[name].every_frame

    def _warn(self, seen: NDArray[np.bool_], num_detections: int) -> None:
        missing = np.flatnonzero(self._truth.sampled(self._stride) & ~seen)
        if len(missing):
            example = self._truth.describe(int(missing[0]))
            logger.warning(
                f"{len(missing)} frames of {self._name} were not processed, {example} for one; "
                f"the results are on the other {int(seen.sum())}"
            )
        if seen.any() and not num_detections:
            logger.warning(f"no detections at all in {int(seen.sum())} frames of {self._name}: AP is 0")

    def _percent(self, results: list[ClassAP]) -> OrderedDict[str, float]:
        values = OrderedDict(AP50=100 * mean_ap(results))
        for name, result in zip(self._classes, results, strict=True):
            values[f"AP50-{name}"] = 100 * result.ap
        return values

    def _report(self, results: Mapping[str, Mapping[str, float]], num_gt: IntArray, num_frames: int) -> None:
        titles = {"tube_psi0": "tube, psi = 0", "tube_all": "tube, all frames"}
        columns = {
            titles.get(key, key): [values[f"AP50-{c}"] for c in self._classes] for key, values in results.items()
        }
        table = per_class_table(self._classes, columns, {"boxes": num_gt.tolist()})
        logger.info(f"AP50 on {num_frames} frames of {self._name}:\n{table}")
        content = {
            "dataset": self._name,
            "frames": num_frames,
            "temporal_stride": self._stride,
            "boxes": dict(zip(self._classes, num_gt.tolist(), strict=True)),
            "results": results,
        }
        save_results(self._output_dir, "vid_results.json", content)
