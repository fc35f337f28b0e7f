"""A tree to plant faults in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def tree(tiny_ilsvrc: Path, tmp_path: Path) -> Path:
    """The tiny tree, to write into."""
    return shutil.copytree(tiny_ilsvrc, tmp_path / "ILSVRC2015", ignore=shutil.ignore_patterns(".dnt_d2"))
