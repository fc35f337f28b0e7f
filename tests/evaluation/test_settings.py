"""dnt_d2/evaluation/settings.py: from words to settings, and what is no setting."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from dnt_d2.evaluation.linking import Linking, standard_linkings
from dnt_d2.evaluation.settings import STRIDE, TRIM, Changeable, pairs, plain_linkings, sweep_linkings
from dnt_d2.tubes.collector import TubeSettings


def test_no_words_no_changes() -> None:
    assert pairs([]) == {}
    assert Changeable().changed({}) == Changeable()
    assert Changeable(TubeSettings(top_k=7), 0.1, 3).changed({}) == Changeable(TubeSettings(top_k=7), 0.1, 3)


def test_words_in_pairs() -> None:
    assert pairs(["TUBES.TOP_K", "7", "TUBES.ONLINE", "True"]) == {"TUBES.TOP_K": "7", "TUBES.ONLINE": "True"}
    assert pairs(["A", "1", "A", "2"]) == {"A": "2"}  # the last one counts, as in Detectron2
    for words in (["A"], ["A", "1", "B"]):
        with pytest.raises(ValueError, match=f"--set takes keys and values in turns, '{words[-1]}' has no value"):
            pairs(words)


def test_all_keys_of_tubes_can_be_changed() -> None:
    keys = {f"TUBES.{field.name.upper()}" for field in fields(TubeSettings)}
    values = Changeable().values
    assert values.keys() == keys | {STRIDE, TRIM}
    # What stands in a saved run gives the same settings again.
    settings = Changeable(TubeSettings(0.3, 7, 0.6, 0.4, 0.9, True, 4, 8), 0.2, 5)
    assert Changeable().changed(settings.values) == settings


@pytest.mark.parametrize(
    ("key", "word", "value"),
    [
        ("TUBES.NMS_IOU", "0.25", 0.25),
        ("TUBES.NMS_IOU", "1", 1.0),
        ("TUBES.LINK_IOU", "2.5e-1", 0.25),
        ("TUBES.LINK_IOU", 0, 0.0),
        ("TUBES.TOP_K", "7", 7),
        ("TUBES.ONLINE", "True", True),
        ("TUBES.ONLINE", False, False),
        (TRIM, "1", 1.0),
        (STRIDE, "10", 10),
    ],
)
def test_one_change(key: str, word: Any, value: Any) -> None:
    changed = Changeable().changed({key: word})
    assert changed.values[key] == value
    assert type(changed.values[key]) is type(value)
    assert {k: v for k, v in changed.values.items() if k != key} == {
        k: v for k, v in Changeable().values.items() if k != key
    }
    assert Changeable() == Changeable(TubeSettings(), 0.3, 1)  # the original stays


@pytest.mark.parametrize(
    ("key", "word", "message"),
    [
        ("TUBES.TOP_K", "2.0", "TUBES.TOP_K is '2.0', which is no int"),
        ("TUBES.TOP_K", "True", "which is no int"),
        ("TUBES.TOP_K", "", "which is no int"),
        ("TUBES.NMS_IOU", "half", "TUBES.NMS_IOU is 'half', which is no float"),
        ("TUBES.NMS_IOU", "True", "which is no float"),
        ("TUBES.NMS_IOU", "0,4", "which is no float"),
        ("TUBES.NMS_IOU", None, "TUBES.NMS_IOU is None, which is no float"),
        ("TUBES.NMS_IOU", "__import__('os')", "which is no float"),
        ("TUBES.ONLINE", "1", "which is no bool"),
        ("TUBES.ONLINE", "yes", "which is no bool"),
        (STRIDE, "0", "TEST.TEMPORAL_STRIDE is 0 and TUBES.TRIM_SCORE is 0.3: they must be 1 or more, and in"),
        (TRIM, "1.5", "TUBES.TRIM_SCORE is 1.5"),
        (TRIM, float("nan"), "TUBES.TRIM_SCORE is nan"),
        ("TEST.SCORE_AVERAGE", "next", "TEST.SCORE_AVERAGE can't be changed after the network has run; these can: T"),
        ("tubes.top_k", "7", "tubes.top_k can't be changed after the network has run"),
        ("", "7", " can't be changed after the network has run"),
    ],
)
def test_what_is_no_change(key: str, word: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        Changeable().changed({key: word})


def test_settings_that_contradict_each_other() -> None:
    with pytest.raises(ValueError, match="but tubes are linked online"):
        Changeable().changed({"TUBES.ONLINE": "True", "TUBES.ABSENT_SCORE": "0.1"})


def test_a_stride_must_be_a_multiple() -> None:
    assert Changeable(stride=6).widening(2) == 3
    assert Changeable(stride=2).widening(2) == 1
    for stride, saved in ((3, 2), (1, 2)):
        with pytest.raises(ValueError, match=f"STRIDE {stride} is no multiple of {saved}, with which the run was sav"):
            Changeable(stride=stride).widening(saved)


def test_a_sweep_changes_one_thing_at_a_time() -> None:
    base = Changeable(TubeSettings(top_k=7), 0.3, 2)
    assert sweep_linkings(base, {}) == {"tube": Linking(TubeSettings(top_k=7))}
    linkings = sweep_linkings(base, {"TUBES.LINK_IOU": ["0.3", "1"], STRIDE: ["2", "6"], "TUBES.TOP_K": ["25"]})
    assert linkings == {
        "tube": Linking(TubeSettings(top_k=7)),
        "TUBES.LINK_IOU=0.3": Linking(TubeSettings(top_k=7, link_iou=0.3)),
        "TUBES.LINK_IOU=1.0": Linking(TubeSettings(top_k=7, link_iou=1.0)),
        "TEST.TEMPORAL_STRIDE=2": Linking(TubeSettings(top_k=7)),
        "TEST.TEMPORAL_STRIDE=6": Linking(TubeSettings(top_k=7), widen=3),
        "TUBES.TOP_K=25": Linking(TubeSettings()),
    }
    assert next(iter(linkings)) == "tube"


def test_what_can_not_be_swept() -> None:
    with pytest.raises(ValueError, match=r"TUBES.LINK_IOU=0.5 is asked for twice: give each value once"):
        sweep_linkings(Changeable(), {"TUBES.LINK_IOU": ["0.5", "0.3", ".50"]})
    with pytest.raises(ValueError, match="STRIDE 3 is no multiple of 2"):
        sweep_linkings(Changeable(stride=2), {STRIDE: ["3"]})
    with pytest.raises(ValueError, match=r"MODEL\.DEPTH can't be changed"):
        sweep_linkings(Changeable(), {"MODEL.DEPTH": ["50"]})


@pytest.mark.parametrize("stride", [1, 4])
def test_without_a_sweep_linkings_are_the_standard_ones(stride: int) -> None:
    base = Changeable(TubeSettings(top_k=7), 0.3, stride)
    assert plain_linkings(base) == standard_linkings(TubeSettings(top_k=7), stride)
