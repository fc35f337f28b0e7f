"""A tree to plant faults in, and its examination."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dnt_d2.data.doctor import Examination, Finding, examine


@pytest.fixture
def tree(tiny_ilsvrc: Path, tmp_path: Path) -> Path:
    """The tiny tree, to write into."""
    return shutil.copytree(tiny_ilsvrc, tmp_path / "ILSVRC2015", ignore=shutil.ignore_patterns(".dnt_d2"))


@pytest.fixture
def find(tree: Path) -> Callable[[str], list[Finding]]:
    """``find(words)``: examine the tree in full; the findings whose ``what`` has these words."""

    def examined(words: str) -> list[Finding]:
        result: Examination = examine(str(tree), full=True, workers=1)
        return [finding for finding in result.findings if words in finding.what]

    return examined
