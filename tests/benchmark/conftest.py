"""Stages are run for what they find, not for how long it takes."""

from __future__ import annotations

import sys

import pytest

from dnt_d2.benchmark import resident
from dnt_d2.benchmark.timing import take_turns


@pytest.fixture(autouse=True)
def turns_of_one_call(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In tests of stages a turn is one call, however short it is, and free memory is not given back before it is read:
    that takes longer than the calls."""
    if request.node.name.startswith("test_the_stage"):
        monkeypatch.setattr(resident, "_settle", lambda: sys.platform.startswith("linux"))
        assert take_turns.__kwdefaults__ is not None
        monkeypatch.setitem(take_turns.__kwdefaults__, "at_least", 0.0)
