"""docs/when_things_go_wrong.md: every message in it is one that the program can say."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "when_things_go_wrong.md").read_text(encoding="utf-8")
OTHERS = ("PyTorch", "Detectron2", "Python", "Linux", "gloo", "NCCL")  # whose words a row may quote, named after them
_HOLE = "\0"


def rows() -> list[tuple[str, str]]:
    """The quoted messages of the tables' first cells, and what stands behind each quotation in its cell."""
    found = []
    for line in PAGE.splitlines():
        cell = re.match(r"\| (`.+?)\s*\| ", line)
        if cell and not cell[1].startswith("`--"):
            found += re.findall(r"``? ?(.+?) ?``?([^`]*)", cell[1])
    return found


def _text(node: ast.expr) -> str:
    """A string as it is said, with a hole for each value."""
    if isinstance(node, ast.Constant):
        return re.sub(r"%[\d.,]*[sdrfg]", _HOLE, str(node.value)) if isinstance(node.value, str) else _HOLE
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else _HOLE for v in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    return _HOLE


@functools.cache
def said() -> list[str]:
    """All texts of the package and its scripts."""
    files = [*(ROOT / "dnt_d2").rglob("*.py"), *(ROOT / "tools").glob("*.py"), *(ROOT / "datasets").glob("*.py")]
    texts = []
    for file in [*files, ROOT / "train_net.py"]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
                texts.append(_text(node))
    return texts


def is_said(message: str) -> bool:
    """Whether the source has all parts of a message, in which "…" stands for values, or parts are joined."""
    parts = [part.strip() for part in message.split("…") if len(part.strip()) > 3]
    known = [any(part in text for text in said()) for part in parts]
    return all(known) and max(map(len, parts), default=0) >= 10


def test_there_are_messages() -> None:
    assert len(rows()) > 40


@pytest.mark.parametrize(("message", "behind"), rows(), ids=[message[:60] for message, _ in rows()])
def test_a_message_is_one_of_ours_or_says_whose_it_is(message: str, behind: str) -> None:
    if not any(f"({name})" in behind for name in OTHERS):
        assert is_said(message), f"nothing in the source says {message!r}"


def test_what_nobody_says_is_found_out() -> None:
    assert not is_said("the moon is … too bright today")
    assert is_said("this image is missing; unpack the archive again")


def test_the_paths_in_it_exist() -> None:
    for path in re.findall(r"\]\((?!https?:|#)([^)#]+)", PAGE):
        assert (ROOT / "docs" / path).exists(), path
