"""VideoPredictor: frames in, tracked detections out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.config import CfgNode
from detectron2.modeling import build_model
from detectron2.structures import Boxes, Instances
from numpy.typing import NDArray
from torch import nn

from .data.augmentation import input_shape, resize, to_tensor
from .data.images import FORMATS
from .modeling import VideoStream
from .tubes import Tube, interpolate_tube, trim_tube
from .tubes.collector import TubeSettings, VideoCollector

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class FrameResult:
    """What is in one frame of a video.

    Attributes:
        frame_index: 0-based, in the order in which frames were given.
        instances: Detectron2 ``Instances`` in the frame's pixels, on the CPU: ``pred_boxes``, ``scores`` (re-scored,
            in [0, 1]), ``raw_scores`` (before re-scoring, in [0, 1]), ``pred_classes``, ``track_ids`` (N,) int64, and
            ``ID``, the same as a list, by which Detectron2's ``VideoVisualizer`` keeps colours.
        detections: what the network found in the frame alone, without tubes, as ``DefaultPredictor`` gives it; None
            for frames that the network did not see (temporal stride).
    """

    frame_index: int
    instances: Instances
    detections: Instances | None = None


class TrackIDs(list[int]):
    """Ids as ``VideoVisualizer`` wants them, which looks them up in a dict, in a list that a mask can select from."""

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, torch.Tensor):
            return TrackIDs(torch.tensor(list(self), dtype=torch.int64)[item.cpu()].tolist())
        chosen = super().__getitem__(item)
        return TrackIDs(chosen) if isinstance(item, slice) else chosen


class VideoPredictor:
    """Runs D&T over one video at a time.

    Offline, tubes span the whole video, so that results come with :meth:`finish`. Until then it keeps each frame's
    candidates in memory: 4 (4 + C) bytes for each proposal, about 40 KB a frame for 300 proposals of 30 classes.

    Example::

        predictor = VideoPredictor(cfg)
        for result in predictor.stream(bgr_frames):
            print(result.frame_index, result.instances.track_ids)
    """

    def __init__(
        self, cfg: CfgNode, *, model: nn.Module | None = None, mode: str = "offline", temporal_stride: int = 1
    ) -> None:
        """
        Args:
            cfg: a config with D&T's keys; ``MODEL.WEIGHTS`` is loaded unless a model is given.
            model: a trained ``DetectAndTrack``, which several predictors may share.
            mode: "offline".
            temporal_stride: tau: the network sees every tau-th frame, and the last one; between them boxes are
                interpolated along their tubes (sec. 5.3). ``TEST.TEMPORAL_STRIDE`` is of evaluation alone.

        Raises:
            ValueError: for another mode, a stride below 1, or an ``INPUT.FORMAT`` that isn't BGR or RGB.
        """
        if mode != "offline":
            raise ValueError(f'mode is {mode!r}: this version tracks "offline", over the whole video')
        if temporal_stride < 1:
            raise ValueError(f"temporal_stride is {temporal_stride}: it must be at least 1")
        if cfg.INPUT.FORMAT not in FORMATS:
            raise ValueError(f"INPUT.FORMAT is {cfg.INPUT.FORMAT!r}; D&T reads {' or '.join(FORMATS)}")
        if model is None:
            model = build_model(cfg)
            DetectionCheckpointer(model).load(cfg.MODEL.WEIGHTS)
        self.stream_model = VideoStream(model).eval()
        self.temporal_stride = temporal_stride
        self._sides = (cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.MAX_SIZE_TEST)
        self._rgb, self._batch = cfg.INPUT.FORMAT == "RGB", cfg.TEST.FRAMES_PER_BATCH
        self._settings, self._trim_score = TubeSettings.from_config(cfg.TUBES), cfg.TUBES.TRIM_SCORE
        self.reset()

    def reset(self) -> None:
        """Forget the video under way: the next frame is the first of another."""
        self.stream_model.reset()
        self._collector = VideoCollector()
        self._size: tuple[int, int] | None = None
        self._seen = 0
        self._pending: list[dict[str, Any]] = []
        self._skipped: tuple[int, Frame] | None = None
        self._detections: dict[int, Instances] = {}

    def step(self, frame: Frame) -> list[FrameResult]:
        """Take the next frame.

        Args:
            frame: (H, W, 3) uint8, BGR, of the same size as the frames before it.

        Returns:
            The results that are final: none before :meth:`finish` in offline mode.

        Raises:
            ValueError: when the frame is no such array, or its size differs.
        """
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
            raise ValueError(
                f"frame {self._seen} is {frame.dtype} of shape {frame.shape}: (H, W, 3) uint8, BGR, was expected"
            )
        size = (frame.shape[0], frame.shape[1])
        if self._size is not None and size != self._size:
            raise ValueError(
                f"frame {self._seen} is {size[1]}x{size[0]}, the video began with {self._size[1]}x{self._size[0]}: "
                "call reset() before another video"
            )
        self._size = size
        index, self._seen = self._seen, self._seen + 1
        if index % self.temporal_stride:
            self._skipped = (index, frame)
        else:
            self._skipped = None
            self._take(index, frame)
        return []

    def finish(self) -> list[FrameResult]:
        """End the video: link it, and give the results of all its frames. Then begin anew, as after :meth:`reset`."""
        if self._skipped is not None:
            self._take(*self._skipped)  # the last frame, as a short last step
        self._run()
        tubes = [
            (category, whole)
            for category, of_class in enumerate(self._collector.link(self._settings))
            for tube in of_class
            if (whole := trim_tube(interpolate_tube(tube), self._trim_score)) is not None
        ]
        tubes.sort(key=lambda item: (item[1].frames[0], -item[1].confidence.mean()))
        results = self._results(tubes)
        self.reset()
        return results

    def stream(self, frames: Iterable[Frame]) -> Iterator[FrameResult]:
        """The results of a whole video, from an iterable of BGR frames; ends with :meth:`finish`."""
        self.reset()
        for frame in frames:
            yield from self.step(frame)
        yield from self.finish()

    def _take(self, index: int, frame: Frame) -> None:
        height, width = frame.shape[:2]
        picture = np.ascontiguousarray(frame[:, :, ::-1]) if self._rgb else frame
        image = to_tensor(resize(picture, input_shape(height, width, *self._sides)))
        self._pending.append({"image": image, "height": height, "width": width, "video_id": 0, "frame_index": index})
        if len(self._pending) >= self._batch:
            self._run()

    def _run(self) -> None:
        for item, output in zip(self._pending, self.stream_model(self._pending), strict=True):
            candidates, moves = output["link_candidates"], output["tracklets"]
            self._detections[item["frame_index"]] = output["instances"].to("cpu")
            self._collector.add(
                item["frame_index"],
                candidates.pred_boxes.tensor.cpu().numpy(),
                candidates.class_scores.cpu().numpy(),
                torch.cat([moves.start_boxes.tensor, moves.end_boxes.tensor], dim=1).cpu().numpy(),
            )
        self._pending = []

    def _results(self, tubes: list[tuple[int, Tube]]) -> list[FrameResult]:
        """Turn tubes around: from boxes by tube to boxes by frame. Ids count from 1 in the order of appearance."""
        rows: list[list[tuple[NDArray[np.float64], float, float, int, int]]] = [[] for _ in range(self._seen)]
        for track_id, (category, tube) in enumerate(tubes, start=1):
            for i, frame in enumerate(tube.frames):
                rows[frame].append((tube.boxes[i], tube.confidence[i], tube.scores[i], category, track_id))
        size = self._size or (0, 0)
        return [FrameResult(i, _to_instances(row, size), self._detections.get(i)) for i, row in enumerate(rows)]


def _to_instances(rows: list[tuple[NDArray[np.float64], float, float, int, int]], size: tuple[int, int]) -> Instances:
    boxes, scores, raw, classes, ids = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    result = Instances(size)
    result.pred_boxes = Boxes(torch.from_numpy(np.array(boxes, dtype=np.float32).reshape(-1, 4)))
    result.scores = torch.tensor(scores, dtype=torch.float32)
    result.raw_scores = torch.tensor(raw, dtype=torch.float32)
    result.pred_classes = torch.tensor(classes, dtype=torch.int64)
    result.track_ids = torch.tensor(ids, dtype=torch.int64)
    result.ID = TrackIDs(ids)
    return result
