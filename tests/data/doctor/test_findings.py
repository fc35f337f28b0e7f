"""dnt_d2/data/doctor/findings.py."""

from __future__ import annotations

from dnt_d2.data.doctor.findings import ERROR, Finding, found


def test_a_finding_needs_a_case() -> None:
    assert list(found(ERROR, "things", [], "none")) == []
    assert list(found(ERROR, "things", ["a", "b"], "none")) == [Finding(ERROR, "things", 2, "a", "none")]
