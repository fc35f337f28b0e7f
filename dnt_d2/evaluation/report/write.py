"""Writing a report to a file, in the form that the file's name asks for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ...whole_file import whole_file
from ..tables import write_json
from .facts import Content, check_content
from .html import to_html
from .markdown import to_markdown
from .stories import Story
from .terminal import to_text

SUFFIXES = (".json", ".md", ".html", ".txt")


def check_suffix(path: str | os.PathLike[str]) -> str:
    """The suffix of a file for a report, in lower case. Ask before long work, so that none is lost to a typing error.

    Raises:
        ValueError: a report can't be written in that form.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{os.fspath(path)}: give a file name that ends in one of {', '.join(SUFFIXES)}")
    return suffix


def write_report(content: Content, path: str | os.PathLike[str], stories: Sequence[Story] = ()) -> None:
    """Write a report; an older file is replaced when the new one is whole.

    Args:
        content: of the report, see the package.
        path: ends in .json, .md, .html or .txt; missing folders are made.
        stories: videos to tell about, in the page alone.

    Raises:
        ValueError: another suffix, or the content is no report.
    """
    suffix = check_suffix(path)
    check_content(content)
    if suffix == ".json":
        write_json(path, content)
        return
    if suffix == ".html":
        text = to_html(content, stories)
    else:
        text = to_markdown(content) if suffix == ".md" else to_text(content) + "\n"
    with whole_file(path) as file:
        file.write(text.encode())
