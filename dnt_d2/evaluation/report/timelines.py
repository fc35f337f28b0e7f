"""The tubes of a video over time, in the colours of the page."""

from __future__ import annotations

import numpy as np

from ...timeline import TubeSpan, timeline_figure
from ...timeline_style import TimelineStyle
from .drawing import plotting, to_svg
from .stories import Story
from .theme import STAND_INS, track_stand_in

MAX_TUBES = 24
"""So many tubes are drawn, those with the longest and highest scores first: more are no picture any more."""

_STYLE = TimelineStyle(
    ink=STAND_INS["ink"],
    quiet=STAND_INS["quiet"],
    hairline=STAND_INS["hairline"],
    band=STAND_INS["band"],
    truth=STAND_INS["truth"],
    paper="none",
    line=track_stand_in,
)


def timeline_svg(story: Story, name: str) -> str:
    """One row per tube, grouped by class, true tracks below, as :func:`dnt_d2.timeline.draw_timeline` does.

    Args:
        story: with at most :data:`MAX_TUBES` tubes, else the weaker ones are left out.
        name: unique in the page.
    """
    strongest = sorted(story.tubes, key=_weight, reverse=True)[:MAX_TUBES]
    with plotting():
        length = max(story.num_frames, 1)
        figure = timeline_figure(strongest, length, ground_truth=story.ground_truth, title="", style=_STYLE)
        figure.set_dpi(72)
    return to_svg(figure, name, f"Tubes of the {story.title} video, {story.video}, over time")


def _weight(tube: TubeSpan) -> float:
    return float(len(tube.frames) if tube.scores is None else np.sum(tube.scores))
