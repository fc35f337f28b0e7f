"""Results drawn on their frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from detectron2.structures import Instances

from ..frame_result import FrameResult
from ..geometry import FloatArray
from ..video import Frame
from ..visualize import TrackDrawer, compare_frames, draw_tracks, match_tracks
from .choosing import Choice


class ResultDrawer:
    """Draws the results of one video, frame after frame.

    Args:
        names: of the classes.
        score: a track is drawn from where it reaches it, a single detection if it has it; in [0, 1], see
            :class:`Choice`.
        compare: put the single frames' detections above the tubes (beside them, where frames stand upright).
        scale: enlarge the picture before drawing, by a whole number, for small videos.
    """

    def __init__(self, names: Sequence[str], score: float = 0.0, compare: bool = False, scale: int = 1) -> None:
        self.names, self.compare, self.scale = names, compare, scale
        self._choice, self._tracks = Choice(score), TrackDrawer()

    def __call__(self, frame: Frame, result: FrameResult) -> Frame:
        """The drawn picture of the next frame, BGR uint8, ``scale`` times as large; twice that to compare."""
        canvas = np.repeat(np.repeat(frame, self.scale, axis=0), self.scale, axis=1)
        result = self._choice(result)
        found, alone = result.instances, result.detections
        boxes, labels = self._boxes(found)
        ids, scores, raw = (found.get(key).numpy() for key in ("track_ids", "scores", "raw_scores"))
        if not self.compare or alone is None:  # of no frame that the network did not see
            drawn = self._tracks.draw(canvas, boxes, labels, ids, scores, raw_scores=raw)
            return compare_frames(canvas, drawn) if self.compare else drawn
        alone_boxes, alone_labels = self._boxes(alone)
        owners = match_tracks(alone_boxes, alone_labels, boxes, labels)
        # A box has the colour of its tube; the tubes that the frame alone has no box for stand out.
        colors = np.where(owners >= 0, np.append(ids, -1)[owners], -1)
        carried = match_tracks(boxes, labels, alone_boxes, alone_labels) < 0
        drawn = self._tracks.draw(canvas, boxes, labels, ids, scores, raw_scores=raw, tinted=carried)
        nobody = np.full(len(alone), -1)
        single = draw_tracks(canvas, alone_boxes, alone_labels, nobody, alone.scores.numpy(), color_ids=colors)
        return compare_frames(single, drawn)

    def _boxes(self, found: Instances) -> tuple[FloatArray, list[str]]:
        boxes = found.pred_boxes.tensor.numpy().astype(np.float64) * self.scale
        return boxes, [self.names[c] for c in found.pred_classes.tolist()]
