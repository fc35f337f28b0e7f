"""dnt_d2/faults.py: what a block passes over, and how it is counted."""

from __future__ import annotations

import logging

import pytest

from dnt_d2.faults import NAMED, Leniency, Skip, Tally, current_leniency, leniency, no_right, skips_of, tell


def test_nothing_is_nothing(caplog: pytest.LogCaptureFixture) -> None:
    tally = Tally()
    assert not tally
    assert tally.as_dict() == {"counts": {}, "files": {}}
    tell(logging.getLogger("nothing"), tally, "nowhere")
    assert not caplog.records
    assert skips_of([]) == skips_of([{"image": 1}, "no dict"]) == []


def test_kinds_are_counted_and_files_are_named_once() -> None:
    tally = Tally()
    assert tally.add(Skip("broken image", "a", "a: broken"))
    assert not tally.add(Skip("broken image", "a", "a: broken"))
    assert tally.add(Skip("missing image", "b", "b: missing"))
    assert str(tally) == "2 x broken image, 1 x missing image"
    other = Tally()
    other.add(Skip("missing image", "c", "c: missing"))
    tally.join(other)
    assert tally.as_dict() == {
        "counts": {"broken image": 2, "missing image": 2},
        "files": {"a": "a: broken", "b": "b: missing", "c": "c: missing"},
    }


def test_of_many_files_the_first_are_kept() -> None:
    tally = Tally()
    for k in range(1500):
        tally.add(Skip("missing image", str(k), "gone"))
    assert tally.counts["missing image"] == 1500
    assert list(tally.files) == [str(k) for k in range(1000)]
    joined = Tally()
    joined.join(tally)
    joined.join(Tally(files={"last": "gone"}))
    assert "last" not in joined.files


def test_a_block_decides_and_leaves_no_trace() -> None:
    assert current_leniency() is None
    with leniency("skip", testing=True) as outer:
        assert current_leniency() is outer
        assert outer == Leniency(testing=True)
        with leniency("error", testing=False):
            assert current_leniency() is None
        assert current_leniency() is outer
    assert current_leniency() is None
    with pytest.raises(KeyError), leniency("skip", testing=False):
        raise KeyError("gone")
    assert current_leniency() is None


@pytest.mark.parametrize("policy", ["error", "skip"])
def test_a_missing_right_is_always_an_error_with_a_remedy(policy: str) -> None:
    message = r"^/data/x: no right to read it \(denied\), whatever .*chmod"
    with pytest.raises(PermissionError, match=message), leniency(policy, testing=False):
        raise PermissionError(13, "denied", "/data/x")
    assert "chmod" in str(no_right(PermissionError(13, "denied", "/data/x")))


def test_the_log_names_a_few(caplog: pytest.LogCaptureFixture) -> None:
    tally = Tally()
    for k in range(NAMED + 3):
        tally.add(Skip("missing image", f"f{k}", f"f{k}: gone" if k else "why"))
    tell(logging.getLogger("a"), tally, "left out")
    messages = [record.message for record in caplog.records]
    assert messages[0] == "passed over: f0: why"
    assert messages[1] == "passed over: f1: gone"
    assert len(messages) == NAMED + 1
    assert messages[-1] == "left out: 8 x missing image (DATASETS.ON_FAULT is 'skip')"
