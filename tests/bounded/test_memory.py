"""dnt_d2/bounded/memory.py: the limit, and who may lift it."""

from __future__ import annotations

import psutil
import pytest

from dnt_d2.bounded.memory import MEMORY_VARIABLE, check_memory, memory_limit


def test_the_limit_is_the_variable_or_goes_by_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MEMORY_VARIABLE, raising=False)
    assert 1 << 28 < memory_limit() <= psutil.virtual_memory().total * 3 // 4
    monkeypatch.setenv(MEMORY_VARIABLE, "7")
    assert memory_limit() == 7 << 20


@pytest.mark.parametrize("text", ["0", "-3", "1.5", "much", "9" * 99])
def test_another_value_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(MEMORY_VARIABLE, text)
    with pytest.raises(ValueError, match=f"{MEMORY_VARIABLE} is '.*set it to a number of MiB"):
        memory_limit()


def test_more_is_refused_with_file_and_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MEMORY_VARIABLE, "7")
    check_memory(0, "a.json", "its content")
    check_memory(7 << 20, "a.json", "its content")
    with pytest.raises(ValueError, match=r"a\.json: its content would take 2,048 MiB .* set DNT_D2_MEMORY_MB to more"):
        check_memory(2 << 30, "a.json", "its content")
    with pytest.raises(ValueError, match="more than 2"):
        check_memory(10**4000, "a.json", "its content")
