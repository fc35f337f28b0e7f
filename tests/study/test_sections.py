"""dnt_d2/study/sections.py: every part of the study is shown, and every picture is drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dnt_d2.study.findings import FINDINGS
from dnt_d2.study.plots import draw_all
from dnt_d2.study.results import PARTS, Study
from dnt_d2.study.sections import SECTIONS


def test_names_are_unique_and_all_parts_are_shown() -> None:
    assert len({section.name for section in SECTIONS}) == len(SECTIONS)
    shown = {part for section in SECTIONS if section.name != "Time" for part in section.parts}
    assert shown == set(PARTS)


def test_every_finding_of_the_paper_is_told(trial_study: Callable[..., Path]) -> None:
    study = Study.read(trial_study())
    told = "".join(section.paper(study) for section in SECTIONS)
    assert all(finding.says.rstrip(".") in told for finding in FINDINGS)


def test_pictures_are_those_that_are_drawn(trial_study: Callable[..., Path]) -> None:
    pytest.importorskip("matplotlib")
    drawn = [path.name for path in draw_all(trial_study())]
    assert sorted(drawn) == sorted(name for section in SECTIONS for name, _ in section.pictures)
