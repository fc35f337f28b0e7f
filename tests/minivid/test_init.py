"""The package needs no network library."""

from __future__ import annotations

import subprocess
import sys

import dnt_d2.minivid


def test_public_names() -> None:
    assert all(hasattr(dnt_d2.minivid, name) for name in dnt_d2.minivid.__all__)


def test_nothing_heavy_is_loaded() -> None:
    code = "import sys, dnt_d2.minivid.contact_sheet; print(sorted({'torch', 'detectron2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
