"""Detectron2's evaluator for video: AP of single frames and of tubes and what else a report has, in one pass."""

from __future__ import annotations

import logging
import shutil
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from detectron2.config import CfgNode, configurable
from detectron2.evaluation import DatasetEvaluator
from detectron2.utils import comm

from ..provenance import NO_GPU, provenance
from ..tubes.collector import TubeSettings
from .content import build_content, results_file, results_of
from .dataset import Dataset, output_folder, read_dataset, save_results
from .extra_metrics import default_metrics
from .linking import Linking, standard_linkings
from .outputs import frame_tables, place_of
from .plan import Plan
from .progress import Progress
from .replaced_frames import ReplacedFrames, forget_replaced
from .report import to_text
from .run_report import write_run_report
from .saved_run import RunFacts, SavedRun
from .scoring import VideoScore
from .share import join_scores
from .shared_folder import is_shared
from .video_record import VideoRecorder

logger = logging.getLogger(__name__)

_PROGRESS = "progress"


class VIDEvaluator(DatasetEvaluator):
    """AP50 by the devkit's rule, of the network's detections in single frames and of the tubes linked from them.

    A video is linked as soon as its last sampled frame has come, so only one video's candidates are in memory; of a
    detection that has been judged a few bytes are kept. A rank must get whole videos, frame by frame. Frames without
    link candidates give the frame-level result only, in any order.

    Frames that the network has not seen, as with a temporal stride, do not count, neither do their objects; but with a
    stride, "tube_all" is the AP over all frames, with boxes between those that it saw.
    After :meth:`save_run` whole videos also go to disk, and those that are there already are not expected again.

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
        trim_score: float = 0.3,
        on_fault: str = "error",
        metrics: Sequence[str] | None = None,
    ) -> None:
        """Either as below, or ``VIDEvaluator(cfg, dataset, ...)``, which takes what is not given from the config.

        Args:
            dataset: the name of a registered data set, or its dicts (one per frame) and the names of its classes.
            tubes: how videos are linked; None is the default of :class:`TubeSettings`.
            linkings: the ways to link, by the names of their results, in the place of those that ``tubes`` gives.
            temporal_stride: which frames to expect: every so-many-th of a video, and its last. Others are welcome.
            distributed: gather the results of all ranks; False evaluates what this process has seen.
            output_dir: where ``vid_results.json``, and the report of a saved run, are written; None writes nothing.
            trim_score: for track metrics, tubes are cut where they stay below this, in [0, 1].
            metrics: which of "coco" and "tracks" the report of a saved run has; None: both, unless the data set is
                large.
            on_fault: with "skip" images of the data set may be missing, see :mod:`.replaced_frames`.

        Raises:
            ValueError: one of ``linkings`` is called "frame".
        """
        data = read_dataset(dataset, on_fault)
        if linkings is None:
            linkings = standard_linkings(tubes or TubeSettings(), temporal_stride)
        self.plan = Plan(data.name, data.truth, data.frames, dict(linkings), temporal_stride, trim_score)
        self._distributed, self._output_dir, self._gpu = distributed, output_dir, NO_GPU
        self._metrics = metrics
        self._run: SavedRun | None = None
        self._finished: list[int] = []
        self.reset()

    @classmethod
    def from_config(cls, cfg: CfgNode, dataset: Dataset) -> dict[str, Any]:
        """The arguments from TUBES, TEST.TEMPORAL_STRIDE and OUTPUT_DIR (a folder ``inference/<dataset>`` in it)."""
        return {
            "dataset": dataset,
            "tubes": TubeSettings.from_config(cfg.TUBES),
            "temporal_stride": cfg.TEST.TEMPORAL_STRIDE,
            "output_dir": output_folder(cfg.OUTPUT_DIR, dataset),
            "trim_score": cfg.TUBES.TRIM_SCORE,
            "on_fault": cfg.DATASETS.ON_FAULT,
        }

    def save_run(self, digest: str, gpu: str = NO_GPU) -> list[int]:
        """From now on whole videos go to ``runs/<digest>`` in the output folder. Every rank must call it.

        Args:
            digest: of weights, config and data, see :mod:`.run_digest`: videos under another one are never used.
            gpu: which GPUs the network runs on, in words.

        Returns:
            The videos that are there already, from an evaluation that was stopped or is done: they count, and need not
            be processed again.

        Raises:
            ValueError: there is no output folder.
            FileNotFoundError: the ranks don't share it.
        """
        if self._output_dir is None:
            raise ValueError("to save a run, give the evaluator an output_dir")
        self._gpu, plan, folder = gpu, self.plan, Path(self._output_dir, "runs", digest)
        if comm.is_main_process():
            facts = RunFacts(plan.dataset, plan.temporal_stride, digest, plan.settings, provenance(gpu=self._gpu))
            forget_replaced(SavedRun.create(folder, facts, plan.truth, plan.frames))
            shutil.rmtree(folder / _PROGRESS, ignore_errors=True)
        if not is_shared(folder / _PROGRESS):
            raise FileNotFoundError(
                f"{folder} is not there for every rank: OUTPUT_DIR must be a folder that all machines share; "
                "or set TEST.SAVE_RUN to False"
            )
        self._run = SavedRun(folder)
        self._finished = self._run.finished
        metrics = default_metrics(plan.truth.num_frames) if self._metrics is None else self._metrics
        self.plan = replace(plan, metrics=metrics)
        comm.synchronize()  # nobody adds a video before all have looked
        self.reset()
        return self._finished

    def reset(self) -> None:
        """Forget everything that was processed; videos on disk stay."""
        self._scorer = self.plan.scorer()
        self._scores: list[VideoScore] = []
        self._seen = np.zeros(self.plan.truth.num_frames, dtype=bool)
        self._linked: set[int] = set()
        self._video_id: int | None = None
        self._recorder = VideoRecorder(self.plan.truth.num_classes)
        self._progress: Progress | None = None
        self._replaced = ReplacedFrames()

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
            video_id, frame_index = place_of(frame)
            number = self.plan.truth.numbers(video_id, np.array([frame_index]))
            if self._seen[number[0]]:
                raise ValueError(f"{self.plan.truth.describe(int(number[0]))} was processed twice")
            self._seen[number] = True
            tables, revised = frame_tables(output, self.plan.frames.class_names, self.plan.dataset)
            replaced = self._replaced.note(frame)
            if "candidates" in tables:
                self._collect(video_id, frame_index, tables, revised, replaced)
            else:
                alone = VideoRecorder(self.plan.truth.num_classes)
                alone.add(frame_index, tables, replaced=replaced)
                self._scores.append(self._scorer.score(video_id, alone.record()))
        if self._run is not None:
            self._progress = self._progress or self._start_progress(self._run)
            self._progress.add(len(inputs))

    def evaluate(self) -> OrderedDict[str, dict[str, float]]:
        """Put together what all ranks have processed. Every rank must call it.

        Returns:
            On rank 0 "frame" and, when every frame had link candidates, "tube", "tube_psi0" (without tracks), with a
            stride "tube_all" (in all frames), or the names in ``linkings``; each with "AP50" and "AP50-<class>" in
            percent, NaN without ground truth; and the other measures, see :func:`.content.results_of`. On other
            ranks nothing.

        Raises:
            ValueError: when ranks have processed the same frame, or parts of the same video.
        """
        self._finish_video()
        if self._progress is not None:
            self._progress.close()
        scores = [*self._scores, *self._score_finished()]
        if self._distributed:
            comm.synchronize()
            shares = comm.gather(scores, dst=0)
            if not comm.is_main_process():
                return OrderedDict()
            scores = join_scores(shares, self.plan.truth)
        for problem in self.plan.problems(scores):
            logger.warning(problem)
        run = {} if self._run is None else {"run": str(self._run.folder)}
        content = build_content(self.plan, scores, provenance(gpu=self._gpu) | run)
        self._write(content)
        return OrderedDict(results_of(content))

    def _score_finished(self) -> list[VideoScore]:
        """This rank's part of the videos that were on disk before: they are shared out evenly."""
        if self._run is None:
            return []
        rank, ranks = (comm.get_rank(), comm.get_world_size()) if self._distributed else (0, 1)
        return [self._scorer.score(v, self._run.read(v)) for v in self._finished[rank::ranks]]

    def _write(self, content: Mapping[str, Any]) -> None:
        """The results as Detectron2 has them; and of a saved run the report, on the terminal and in three files."""
        logger.info(f"{content['frames']} frames of {self.plan.dataset}:\n{to_text(content)}")
        save_results(self._output_dir, "vid_results.json", results_file(content))
        if self._run is not None and self._output_dir is not None:
            logger.info(write_run_report(content, Path(self._output_dir), self._run, self.plan))

    def _start_progress(self, run: SavedRun) -> Progress:
        left = self.plan.num_frames_without(self._finished)
        return Progress(left, run.folder / _PROGRESS, rank=comm.get_rank(), ranks=comm.get_world_size())

    def _collect(self, video_id: int, frame_index: int, tables: Any, revised: Any, replaced: bool) -> None:
        """Keep what linking needs, and link when the video is complete."""
        if video_id != self._video_id:
            self._finish_video()
            if video_id in self._linked:
                raise ValueError(f"frame {frame_index} of video {video_id} came after the video was linked")
            self._video_id = video_id
        self._recorder.add(frame_index, tables, revised, replaced=replaced)
        if frame_index == self.plan.truth.last_index(video_id):
            self._finish_video()

    def _finish_video(self) -> None:
        """Save the video under way, if there is one and it is whole, and score it."""
        if self._video_id is None:
            return
        record = self._recorder.record()
        if self._run is not None and self.plan.is_whole(self._video_id, record.frames):
            self._run.write(self._video_id, record)
        self._scores.append(self._scorer.score(self._video_id, record))
        self._linked.add(self._video_id)
        self._video_id, self._recorder = None, VideoRecorder(self.plan.truth.num_classes)
