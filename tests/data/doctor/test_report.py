"""dnt_d2/data/doctor/report.py: the text."""

from __future__ import annotations

import pytest

from dnt_d2.data.doctor import ERROR, NOTE, WARNING, Examination, Finding, report
from dnt_d2.data.doctor.counts import SetCounts
from dnt_d2.data.doctor.report import verdict


def test_nothing_found_is_healthy() -> None:
    text = report(Examination("root", ["dog"], "MiniVID"))
    assert text.startswith("root: MiniVID\n")
    assert text.endswith("Healthy: training can start.")


@pytest.mark.parametrize(
    ("severities", "text"),
    [
        ([NOTE], "Healthy: training can start."),
        ([WARNING, NOTE], "Training can start; 1 kind of warning."),
        ([WARNING, WARNING], "Training can start; 2 kinds of warnings."),
        ([WARNING, ERROR], "Training can't start: 1 kind of error."),
        ([ERROR, ERROR], "Training can't start: 2 kinds of errors."),
    ],
)
def test_the_verdict(severities: list[str], text: str) -> None:
    findings = [Finding(severity, "what", 1, "example", "remedy") for severity in severities]
    assert verdict(Examination("root", [], findings=findings)) == text


def test_errors_come_first_with_example_and_remedy() -> None:
    findings = [Finding(NOTE, "odd", 1, "there", "none"), Finding(ERROR, "images missing", 3, "a/b.JPEG", "unpack")]
    lines = report(Examination("root", [], findings=findings)).splitlines()
    at = lines.index("ERROR: images missing (3)")
    assert lines[at + 1].endswith("a/b.JPEG")
    assert lines[at + 2].endswith("unpack")
    assert lines.index("NOTE: odd (1)") > at


def test_names_that_are_no_text_can_be_printed() -> None:
    text = report(Examination("root", [], findings=[Finding(NOTE, "odd", 1, "a\udcff.JPEG", "none")]))
    assert "a?.JPEG" in text
    text.encode()


def test_sizes_known_and_unknown() -> None:
    counts = [
        SetCounts("VID", "val", 2, 31, 4, [0, 9], False, ""),
        SetCounts("VID", "train", 3, 1234, None, None, False, ""),
    ]
    text = report(Examination("root", ["cat", "dog"], counts=counts))
    rows = {line[:9].strip(): line.split() for line in text.splitlines()}
    assert rows["VID val"][2:] == ["2", "31", "4", "9"]
    assert rows["VID train"][2:] == ["3", "1234", "?", "?"]
    assert rows["dog"] == ["dog", "9"]
    assert "cat" not in rows
    assert "--full" in text
