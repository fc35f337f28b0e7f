"""From a matplotlib figure to a piece of SVG for a page: its colours, its font, ids that clash with nobody's."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import Any

from .theme import to_variables

FONT_SIZE = 11.5
_EXTRA = "drawing needs matplotlib: pip install 'dnt_d2[plots]'"
# Text stays text, a $ too; pictures are not merged; ids depend on nothing but the drawing.
_SETTINGS: Any = {  # not a dict[str, Any]: matplotlib types the keys one by one, and not in every version
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "dnt_d2",
    "image.composite_image": False,
    "font.family": "DejaVu Sans",
    "font.size": FONT_SIZE,
}
_STYLE = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
_FONT_FAMILY = re.compile(r"font-family: [^;\"]*;? ?")
_NO_TURN = re.compile(r' transform="rotate\(-0 [^"]*"')
_ID = re.compile(r' id="([^"]*)"')
_USED = re.compile(r'(?:url\(#|href="#)([^")]*)')
_ATTRIBUTE = re.compile(r'(?<= )([\w:-]+)="([^"]*)"')
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")


@contextmanager
def plotting() -> Iterator[type]:
    """matplotlib's Figure, with the settings that plots are drawn and saved with.

    Raises:
        ModuleNotFoundError: without matplotlib, with the extra that brings it.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure  # not pyplot: nothing global, no window, any thread
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(_EXTRA, name="matplotlib") from error
    with matplotlib.rc_context(_SETTINGS):
        yield Figure


def new_figure(figure_class: type, width: float, height: float) -> Any:
    """A figure without paper, in units of which a letter's size is a number."""
    return figure_class(figsize=(width / 72, height / 72), dpi=72, facecolor="none")


def add_axes(
    figure: Any, paint: Mapping[str, str], *, left: float, right: float, top: float, bottom: float, grid: str = "y"
) -> Any:
    """Axes without a frame and with a quiet grid; the margins are in units of the figure."""
    width, height = (72 * size for size in figure.get_size_inches())
    box = (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    axes = figure.add_axes(box, facecolor="none")
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelsize=FONT_SIZE - 1, labelcolor=paint["quiet"], pad=5)
    axes.xaxis.label.set(color=paint["quiet"], size=FONT_SIZE - 0.5)
    axes.yaxis.label.set(color=paint["quiet"], size=FONT_SIZE - 0.5)
    if grid:
        axes.grid(axis=grid, color=paint["hairline"], linewidth=0.8)
    axes.set_axisbelow(True)
    return axes


def to_svg(figure: Any, name: str, label: str) -> str:
    """The figure as an <svg> element that scales to its place.

    Groups of which the gid begins with "kind-" become elements of that class, so that a page can hide them.

    Args:
        figure: drawn with :data:`.theme.STAND_INS`.
        name: unique in the page; letters, digits and dashes.
        label: what the picture shows, for those who can't see it.
    """
    buffer = io.BytesIO()
    with plotting():
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", metadata=nothing, facecolor="none")
    svg = buffer.getvalue().decode()
    svg = _STYLE.sub("", svg[svg.index("<svg") :], count=1)
    head, body = svg.split(">", 1)
    box = re.search(r'viewBox="([^"]*)"', head)
    assert box is not None, "matplotlib writes a viewBox"
    body = _ATTRIBUTE.sub(_tidy, _NO_TURN.sub("", _FONT_FAMILY.sub("", body)))
    body = _own_ids(body, name)
    start = f'<svg class="plot" id="{name}" viewBox="{box[1]}" role="img" aria-label="{escape(label)}">'
    return start + re.sub(r">\s+<", "><", to_variables(body)).strip()


def _tidy(match: re.Match[str]) -> str:
    """An attribute on one line, with two decimals; but for transformations, whose factors may be small."""
    name, value = match[1], " ".join(match[2].split())
    if name != "transform" and not name.endswith("href"):
        value = _LONG_NUMBER.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), value)
    return f'{name}="{value}"'


def _own_ids(body: str, name: str) -> str:
    """Ids that are referred to get the figure's name in front; those of kinds become classes, all others go."""
    used = set(_USED.findall(body))

    def rename(match: re.Match[str]) -> str:
        if match[1] in used:
            return f' id="{name}-{match[1]}"'
        return f' class="{"-".join(match[1].split("-")[:2])}"' if match[1].startswith("kind-") else ""

    body = _ID.sub(rename, body)
    return body.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
