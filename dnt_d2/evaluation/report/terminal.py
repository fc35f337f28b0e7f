"""A report for the terminal: the same tables as in Markdown, close together, the rules in one line each."""

from __future__ import annotations

from .blocks import Block, all_blocks
from .facts import Content, check_content
from .markdown import class_table, facts_line, table


def to_text(content: Content) -> str:
    """The tables that there are, then what is missing and why, one line each.

    Args:
        content: of the report, see the package.

    Returns:
        Text without a line break at its end.

    Raises:
        ValueError: the content is no report, see :func:`.facts.check_content`.
    """
    check_content(content)
    blocks = all_blocks(content)
    first, *others = [_part(block) for block in blocks if not block.missing]
    missing = [f"{block.title}: missing, {block.missing}" for block in blocks if block.missing]
    parts = [f"{content['dataset']}: {facts_line(content)}", class_table(content), first, *others, "\n".join(missing)]
    return "\n\n".join(part for part in parts if part)


def _part(block: Block) -> str:
    rule = f" ({block.rule})" if block.rule else ""
    return f"{block.title}{rule}\n{table(block)}"
