"""dnt_d2/evaluation/sweep.py: the numbers of a sweep are found, told and drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dnt_d2.evaluation.content import build_content
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.settings import STRIDE, Changeable, sweep_linkings
from dnt_d2.evaluation.sweep import Sweep, read_sweep, sweep_text, write_sweep

if TYPE_CHECKING:
    from conftest import Drawn

SWEEPS = {"TUBES.TOP_FRACTION": ["0.1", "1"], STRIDE: ["3"]}


def content_of(drawn: Drawn, sweeps: dict[str, list[str]]) -> dict[str, Any]:
    plan = Plan("drawn", drawn.truth, drawn.frames, sweep_linkings(Changeable(), sweeps))
    scorer = plan.scorer()
    return build_content(plan, [scorer.score(video, drawn.record(video)) for video in drawn.truth.videos], {})


def test_no_sweep_no_table(drawn: Drawn) -> None:
    assert read_sweep(content_of(drawn, {}), {}) == []
    assert sweep_text([]) == ""


def test_without_tubes_there_is_nothing_to_compare(drawn: Drawn) -> None:
    content = build_content(Plan("drawn", drawn.truth, drawn.frames), [], {})
    with pytest.raises(ValueError, match="no tubes to compare: no video of the run is finished, or none can be link"):
        read_sweep(content, SWEEPS)


def test_each_value_gets_its_own_number(drawn: Drawn) -> None:
    content = content_of(drawn, SWEEPS)
    mean = {kind: values["mean"] for kind, values in content["AP50"].items()}
    fraction, stride = read_sweep(content, SWEEPS)
    assert fraction.values == ["0.1", "1"]
    assert fraction.ap50 == [mean["TUBES.TOP_FRACTION=0.1"], mean["TUBES.TOP_FRACTION=1.0"]]
    assert stride.ap50 == [mean["TEST.TEMPORAL_STRIDE=3"]]
    assert {(sweep.base, sweep.frame) for sweep in (fraction, stride)} == {(mean["tube"], mean["frame"])}
    assert fraction.as_dict()["key"] == "TUBES.TOP_FRACTION"
    # Keys in another order are found by their own order.
    swapped = dict(reversed(SWEEPS.items()))
    assert read_sweep(content_of(drawn, swapped), swapped) == [stride, fraction]


def test_the_table() -> None:
    sweeps = [Sweep("TUBES.TOP_K", ["10", "25"], [71.239, 70.0], 70.0, 65.5), Sweep("X", ["1"], [1.0], 2.0, 3.0)]
    first, second = sweep_text(sweeps).split("\n\n")
    assert first.splitlines() == [
        "| TUBES.TOP_K   |   AP50 |",
        "|:--------------|-------:|",
        "| 10            |  71.24 |",
        "| 25            |  70.00 |",
        "| as it is      |  70.00 |",
        "| single frames |  65.50 |",
    ]
    assert "| 1             |   1.00 |" in second


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_picture(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / f"sweep.{suffix}"
    write_sweep(Sweep("TUBES.TOP_K", ["10", "25"], [71.2, 70.0], 70.0, 65.5), path)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG") if suffix == "png" else b"<svg" in content


def test_words_can_not_be_drawn(tmp_path: Path) -> None:
    path = tmp_path / "sweep.png"
    with pytest.raises(ValueError, match=r"sweep\.png: TUBES\.ONLINE has values that are no numbers: no picture of it"):
        write_sweep(Sweep("TUBES.ONLINE", ["True", "False"], [71.2, 70.0], 70.0, 65.5), path)
    assert not path.exists()
