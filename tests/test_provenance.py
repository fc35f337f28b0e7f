"""dnt_d2/provenance.py: what stands beside every number."""

from __future__ import annotations

import os
import platform
from datetime import date

import numpy as np

from dnt_d2.provenance import machine_name, provenance


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
