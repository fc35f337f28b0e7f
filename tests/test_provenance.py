"""dnt_d2/provenance.py: what stands beside every number."""

from __future__ import annotations

import os
import platform
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.provenance import machine_name, provenance, replace_block


def test_the_facts() -> None:
    facts = provenance()
    assert set(facts) == {"date", "machine", "versions"}
    assert date.fromisoformat(facts["date"]) <= date.today()
    assert facts["machine"] == f"{platform.machine()}, {os.cpu_count()} cores, no GPU used"
    assert facts["versions"]["numpy"] == np.__version__
    assert provenance(gpu="one H100")["machine"].endswith("one H100")


def test_the_name_is_a_part_of_a_file_name() -> None:
    assert machine_name() == f"{os.cpu_count()}-core-{platform.machine()}"
    assert "/" not in machine_name()


def test_a_block_of_a_page_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- x:begin -->\nold\n<!-- x:end -->\nbelow\n")
    for text in ("new\n", ""):
        replace_block(page, "x", text)
        assert page.read_text() == f"above\n<!-- x:begin -->\n{text}<!-- x:end -->\nbelow\n"
    before = page.read_text()
    with pytest.raises(ValueError, match="must have one block 'y'"):
        replace_block(page, "y", "new\n")
    assert page.read_text() == before
