"""The pieces that a page is made of: escaped text, cards, tables, numbers with the rule behind them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from .blocks import Block
from .facts import as_text, number

WITHOUT_MATPLOTLIB = "plots need matplotlib: pip install 'dnt_d2[plots]'"


def text(value: Any) -> str:
    """Anything as escaped text, also fit for attributes."""
    return escape(str(value))


def missing(reason: str) -> str:
    """The reason in the place of what is missing."""
    return f'<p class="missing"><span>Not in this report</span> {text(reason)}</p>'


def plot(draw: Callable[[], str]) -> str:
    """What ``draw`` returns; without matplotlib a word about that."""
    try:
        return f'<div class="figure">{draw()}</div>'
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        return missing(WITHOUT_MATPLOTLIB)


def card(title: str, *parts: str, rule: str = "", wide: bool = False) -> str:
    """A box with a heading; the rule stands below its content."""
    note = f'<p class="rule">{sentence(rule)}</p>' if rule else ""
    return f'<article class="card{" wide" if wide else ""}"><h3>{text(title)}</h3>{"".join(parts)}{note}</article>'


def typeset(words: str) -> str:
    """Escaped, with signs of mathematics where they were typed as on a keyboard."""
    return text(words.replace("<=", "≤").replace(">=", "≥"))


def sentence(words: str) -> str:
    """The same with a capital and a full stop."""
    words = words.strip()
    return typeset(words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")) if words else ""


def tile(label: str, value: str, below: str, rule: str, kind: str = "") -> str:
    """A big number.

    Args:
        label: whose it is.
        value: the number, in words.
        below: which metric it is.
        rule: how it was measured, shown when one points at it or moves to it with the keyboard.
        kind: "main" for the largest ones, "gain", or "".
    """
    tip = f' tabindex="0" data-tip="{sentence(rule)}"' if rule else ""
    return (
        f'<li class="tile {kind}"{tip}><span class="label">{text(label)}</span>'
        f'<strong>{text(value)}</strong><span class="below">{text(below)}</span></li>'
    )


def table(block: Block, caption: str = "") -> str:
    """The rows of a block, the first cell of each as its heading; or why there are none."""
    if block.missing:
        return missing(block.missing)
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in block.headers)
    rows = "".join(
        f'<tr><th scope="row">{text(row[0])}</th>{"".join(f"<td>{text(as_text(cell))}</td>" for cell in row[1:])}</tr>'
        for row in block.rows
    )
    label = text(caption or block.title)
    body = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    return scroll(f"<table><caption>{label}</caption>{body}</table>", caption or block.title)


def scroll(body: str, label: str, *, tall: bool = False) -> str:
    """A box that scrolls by itself, so that the page never does sideways; also reached by the keyboard."""
    kind = "scroll tall" if tall else "scroll"
    return f'<div class="{kind}" tabindex="0" role="region" aria-label="{text(label)}">{body}</div>'


def sortable(caption: str, headers: Sequence[str], rows: Sequence[str], foot: str = "") -> str:
    """A table whose headings are buttons; cells bring ``data-v``, what is sorted by."""
    head = "".join(
        f'<th scope="col" aria-sort="none"><button type="button">{text(name)}<i aria-hidden="true"></i></button></th>'
        for name in headers
    )
    end = f"<tfoot>{foot}</tfoot>" if foot else ""
    return (
        f'<table class="sortable"><caption>{text(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody>{end}</table>"
    )


def cell(value: Any, shown: str | None = None, *, bar: str = "", tone: str = "") -> str:
    """A cell of a sortable table.

    Args:
        value: what is sorted by.
        shown: what is written; by default the value with two decimals.
        bar: the colour of a bar from 0 to the value, in percent, below the number; "" for none.
        tone: "good", "bad" or "".
    """
    unknown = value is None or (isinstance(value, float) and math.isnan(value))
    line = ""
    if bar and not unknown:
        width = min(max(number(value), 0), 100)
        line = f'<span class="bar"><b style="width:{width:.1f}%;background:var(--{bar})"></b></span>'
    kind = f' class="{tone}"' if tone else ""
    content = text(shown if shown is not None else as_text(value))
    return f'<td{kind} data-v="{"" if unknown else text(value)}">{content}{line}</td>'
