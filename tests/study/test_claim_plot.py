"""dnt_d2/study/claim_plot.py: intervals stand where they are, in the row of their claim."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dnt_d2.evaluation.report.drawing import plotting
from dnt_d2.study.claim_plot import draw_claims
from dnt_d2.study.claims import CLAIMS
from dnt_d2.study.results import Study

pytest.importorskip("matplotlib")


def panels(study: Study) -> list[Any]:
    with plotting() as figure_class:
        return list(draw_claims(figure_class, study).axes)


def test_no_claims_and_claims_without_objects() -> None:
    nothing = {"difference": None, "low": None, "high": None}
    claim = {"name": "x", "seeds": [nothing], "together": nothing, "holds": False}
    for study in (Study({}), Study({"claims": {"claims": {"minivid_val_novel": [claim]}}})):
        assert [len(axes.get_lines()) for axes in panels(study)] == [1, 1]  # the line at 0


def test_intervals(trial_study: Callable[..., Path]) -> None:
    novel, seen = panels(Study.read(trial_study(["claims"])))
    assert [label.get_text() for label in novel.get_yticklabels()] == [claim.name for claim in CLAIMS]
    spans = [line for line in novel.get_lines()[1:] if len(line.get_xdata()) == 2]
    marks = [line for line in novel.get_lines()[1:] if len(line.get_xdata()) == 1]
    assert len(spans) == len(marks) == 4 * len(CLAIMS)
    assert [list(span.get_xdata()) for span in spans[:4]] == [[2, 8], [3, 9], [4, 10], [4, 8]]
    assert all(abs(span.get_ydata()[0] - i // 4) < 0.5 for i, span in enumerate(spans))
    filled = [mark.get_markerfacecolor() == mark.get_markeredgecolor() for mark in marks[3::4]]
    assert filled == [True, True, *[False] * (len(CLAIMS) - 2)]
    assert novel.get_xlim() == seen.get_xlim()
    assert [text.get_text() for text in novel.texts][:2] == ["+6.0", "+4.7"]
