"""A report as Markdown: tables, and beside each the rule by which its numbers were measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tabulate import tabulate

from ..tables import per_class_table
from .blocks import Block, Cell, all_blocks
from .facts import Content, as_text, check_content, contest, gains, number, replaced_line


def to_markdown(content: Content) -> str:
    """The whole report.

    Args:
        content: of the report, see the package.

    Returns:
        Markdown that ends with a line break.

    Raises:
        ValueError: the content is no report, see :func:`.facts.check_content`.
    """
    check_content(content)
    first, *others = all_blocks(content)
    parts = [f"# {clean(content['dataset'])}: detections and tubes", facts_line(content), _section(first)]
    parts += ["## By class", class_table(content), *map(_section, others), "## How it was made", _origin(content)]
    return "\n\n".join(parts) + "\n"


def facts_line(content: Content) -> str:
    """What was evaluated, in one sentence; in another one, which frames could not be read."""
    counts = [(len(content["classes"]), "class", "classes"), (content["videos"], "video", "videos")]
    counts += [(content["frames"], "frame", "frames"), (content["boxes"], "object box", "object boxes")]
    text = ", ".join(f"{count:,} {one if count == 1 else many}" for count, one, many in counts)
    stride = content["temporal_stride"]
    text = f"{text}." if stride == 1 else f"{text}; temporal stride {stride}."
    return f"{text} {replaced}" if (replaced := replaced_line(content)) else text


def class_table(content: Content) -> str:
    """A line per class: objects, AP50 of every kind, and the gain; and their means."""
    titles, kinds = content["titles"], content["kinds"]
    columns = {titles[kind]: [number(value) for value in content["AP50"][kind]["per_class"]] for kind in kinds}
    if contest(content)[1] is not None:
        columns["gain"] = gains(content)
    columns = {clean(title): values for title, values in columns.items()}
    return per_class_table([clean(name) for name in content["classes"]], columns, {"boxes": content["boxes_per_class"]})


def table(block: Block) -> str:
    """The rows of a block as a table; numbers on the right."""
    rows = [[_cell(cell) for cell in row] for row in block.rows]
    align = ["left"] + ["right"] * (len(block.headers) - 1)
    headers = [clean(name) for name in block.headers]
    return tabulate(rows, headers=headers, tablefmt="pipe", colalign=align if rows else None, disable_numparse=True)


def clean(text: Any) -> str:
    """Text that can't end a cell, begin a tag, or break a line."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def _cell(cell: Cell) -> str:
    return clean(cell) if isinstance(cell, str) else as_text(cell)


def _section(block: Block) -> str:
    body = f"Missing: {clean(block.missing)}." if block.missing else table(block)
    parts = [f"## {clean(block.title)}", f"*{clean(block.rule)}.*" if block.rule else "", body]
    return "\n\n".join(part for part in parts if part)


def _origin(content: Content) -> str:
    lines = [f"- {clean(name)}: {clean(origin_text(value))}" for name, value in content["provenance"].items()]
    lines += [f"- {clean(name)}: {clean(value)}" for name, value in content["settings"].items()]
    return "\n".join(lines) or "Nothing is known."


def origin_text(value: Any) -> str:
    """A fact about where numbers come from: dicts as "name value, name value"."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {origin_text(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return " ".join(origin_text(item) for item in value)
    return str(value)
