"""VideoPredictor: frames in, tracked detections out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from itertools import chain, starmap
from typing import Any, NamedTuple

from detectron2.config import CfgNode
from detectron2.modeling import build_model
from torch import nn

from .config_check import check_config
from .evaluation.outputs import link_arrays
from .frame_result import FrameResult, Tracked
from .modeling import DetectAndTrack, VideoStream, folded
from .network_input import Frame, NetworkInput, check_picture
from .offline_tracks import Linked, OfflineTracks
from .online_tracks import OnlineTracks
from .pipeline import ahead
from .track_shelf import Trim
from .tubes.collector import TubeSettings
from .vetting import VettedCheckpointer


class _Ready(NamedTuple):
    """A frame that was checked and, if the network is to see it, resized for it."""

    frame: Frame
    item: dict[str, Any] | None


class VideoPredictor:
    """Runs D&T over one video at a time.

    Offline, tubes span the whole video, so that results come at its end; or, with a window, so many frames of it. What
    linking needs of a frame is kept in a temporary file, at most 40 kB for 25 boxes of each of 30 classes and 300
    detections (:mod:`dnt_d2.tubes.long_video`). Online, the result of a frame comes with it and is final
    (:mod:`dnt_d2.tubes.online`). Memory doesn't grow with the video, but for what linking needs for a while at the end,
    about 1 kB a frame.

    One object is for one video at a time; several objects may share a model and be used in turn.

    Example::

        predictor = VideoPredictor(cfg)
        for result in predictor.stream(bgr_frames):
            print(result.frame_index, result.instances.track_ids)

    or, where frames come one by one::

        predictor = VideoPredictor(cfg, mode="online")
        while (frame := camera.read()) is not None:
            (result,) = predictor.step(frame)
    """

    def __init__(
        self,
        cfg: CfgNode,
        *,
        model: nn.Module | None = None,
        mode: str = "offline",
        temporal_stride: int = 1,
        window: int | None = None,
        min_frames: int = 1,
    ) -> None:
        """
        Args:
            cfg: a config with D&T's keys; ``MODEL.WEIGHTS`` is loaded unless a model is given.
            model: a trained ``DetectAndTrack``, which several predictors may share; it is used as it is, see
                :func:`dnt_d2.modeling.folded`.
            mode: "offline" or "online". ``TUBES.ONLINE`` is of evaluation alone.
            temporal_stride: tau: the network sees every tau-th frame (sec. 5.3) and, offline, the last one. Between
                them boxes are interpolated along their tubes; online, where the future is not known, they stay where
                they were. ``TEST.TEMPORAL_STRIDE`` is of evaluation alone.

        Raises:
            ValueError: for another mode, a stride below 1, a config that contradicts itself or the mode, or a network
                without an RPN.
        """
        if mode not in ("offline", "online"):
            raise ValueError(f'mode is {mode!r}: it must be "offline" or "online"')
        for name, value in {"temporal_stride": temporal_stride, "min_frames": min_frames}.items():
            if value < 1:
                raise ValueError(f"{name} is {value}: it must be at least 1")
        if window is not None and (mode == "online" or window < 1):
            raise ValueError(f"window is {window}, in mode {mode!r}: windows are linked offline, of at least 1 frame")
        self._input = NetworkInput(cfg)
        self._settings = dataclasses.replace(TubeSettings.from_config(cfg.TUBES), online=mode == "online")
        if model is None:
            check_config(_without_data(cfg), training=False)
            model = build_model(cfg)
            VettedCheckpointer(model).load(cfg.MODEL.WEIGHTS)
            if cfg.TEST.FOLD_BATCH_NORM and isinstance(model, DetectAndTrack):
                model = folded(model)
        self.stream_model = VideoStream(model).eval()
        if self.stream_model.model.proposal_generator is None:
            raise ValueError(
                "the network has no RPN, and a video comes without proposals: only train_net.py can test it"
            )
        if mode == "online" and self.stream_model.model.score_average != "none":
            raise ValueError('mode is "online", but TEST.SCORE_AVERAGE needs the next frame: set it to "none"')
        self.mode, self.temporal_stride, self.window = mode, temporal_stride, window
        self._batch = cfg.TEST.FRAMES_PER_BATCH
        self._trim = Trim(cfg.TUBES.TRIM_SCORE, min_frames)
        self.reset()

    def reset(self) -> None:
        """Forget the video under way: the next frame is the first of another."""
        self.stream_model.reset()
        self._online = OnlineTracks(self._settings, self._trim.score) if self.mode == "online" else None
        patience = 8 * self.temporal_stride
        self._offline = OfflineTracks(self._settings, self._trim, window=self.window, patience=patience)
        self._held: Tracked | None = None
        self._size: tuple[int, int] | None = None
        self._seen = 0
        self._pending: list[dict[str, Any]] = []
        self._skipped: tuple[int, Frame] | None = None

    @property
    def spilled_bytes(self) -> int:
        """How much of the video under way is in the temporary file."""
        return self._offline.spilled_bytes

    def step(self, frame: Frame) -> list[FrameResult]:
        """Take the next frame.

        Args:
            frame: (H, W, 3) uint8, BGR, of the same size as the frames before it.

        Returns:
            The results that are final: online this frame's; offline those of a window that is complete now, without
            windows none before :meth:`finish`.

        Raises:
            ValueError: when the frame is no such array, or its size differs. The video can go on with another frame.
        """
        return self._take(self._prepare(self._seen, frame))

    def _prepare(self, index: int, frame: Frame) -> _Ready:
        """Check a frame by itself, and resize it. This may run in a background thread."""
        check_picture(index, frame)
        return _Ready(frame, self._input.item(index, frame) if index % self.temporal_stride == 0 else None)

    def _take(self, ready: _Ready) -> list[FrameResult]:
        """The frame's turn has come."""
        size = (ready.frame.shape[0], ready.frame.shape[1])
        if self._size is not None and size != self._size:
            raise ValueError(
                f"frame {self._seen} is {size[1]}x{size[0]}, the video began with {self._size[1]}x{self._size[0]}: "
                "call reset() before another video"
            )
        self._size = size
        index, self._seen = self._seen, self._seen + 1
        if self._online is not None:
            return [self._step_online(index, size, ready.item)]
        self._skipped = (index, ready.frame) if ready.item is None else None
        if ready.item is None:
            return []
        self._pending.append(ready.item)
        return list(self._run()) if len(self._pending) >= self._batch else []

    def _step_online(self, index: int, size: tuple[int, int], item: dict[str, Any] | None) -> FrameResult:
        assert self._online is not None
        detections = None
        if item is not None:
            (output,) = self.stream_model([item])
            self._held, detections = self._online.step(*link_arrays(output)[:3]), output["instances"].to("cpu")
        assert self._held is not None, "the first frame is sampled"
        return FrameResult(index, self._held.to_instances(size), detections)

    def finish(self) -> list[FrameResult]:
        """End the video: offline, link it and give the results that are left. Then begin anew (:meth:`reset`).

        They are all in memory at once; of a long video take them from :meth:`drain`.
        """
        return list(self.drain())

    def drain(self) -> Iterator[FrameResult]:
        """The same as :meth:`finish`, but one result at a time, read from the temporary file.

        The predictor is ready for another video at once. The file goes when the iterator does.
        """
        if self._online is not None or not self._seen:
            self.reset()
            return iter(())
        assert self._size is not None
        if self._skipped is not None:
            self._pending.append(self._input.item(*self._skipped))  # the last frame, as a short last step
        found = chain(self._run(), self._offline.finish(self._seen, self._size))
        self.reset()
        return found

    def stream(self, frames: Iterable[Frame], *, frames_ahead: int | None = None) -> Iterator[FrameResult]:
        """The results of a whole video, one by one; it ends with :meth:`drain`.

        Frames are read and resized in a background thread while the network computes. The results are those of
        :meth:`step`, and online they wait for no later frame.

        Args:
            frames: BGR, as for :meth:`step`.
            frames_ahead: how many frames may be ready and wait for the network, each in memory at the network's size.
                None is two batches (``TEST.FRAMES_PER_BATCH``); 0 reads each frame in the caller's thread, when its
                turn has come.

        Raises:
            ValueError: for a bad frame, see :meth:`step`, or ``frames_ahead`` below 0.
        """
        depth = 2 * self._batch if frames_ahead is None else frames_ahead
        if depth < 0:
            raise ValueError(f"frames_ahead is {depth}: it must be at least 0")
        self.reset()
        ready = starmap(self._prepare, enumerate(frames))
        for each in ahead(ready, depth) if depth else ready:
            yield from self._take(each)
        yield from self.drain()

    def _run(self) -> Iterator[FrameResult]:
        """Run the network on the frames that wait; gives the results of windows that are complete then."""
        done: list[Iterator[FrameResult]] = []
        items, self._pending = self._pending, []
        for item, output in zip(items, self.stream_model(items) if items else (), strict=True):
            boxes, scores, tracklets, revised = link_arrays(output)
            frame = Linked(item["frame_index"], boxes, scores, tracklets, output["instances"].to("cpu"))
            done.append(self._offline.add(frame, (item["height"], item["width"]), revised))
        return chain.from_iterable(done)


def _without_data(cfg: CfgNode) -> CfgNode:
    """A video needs no data set: those of the config need not be registered here."""
    bare = cfg.clone()
    bare.defrost()
    bare.DATASETS.TRAIN, bare.DATASETS.TEST = (), ()
    return bare
