"""Compiling the tight loops."""

from __future__ import annotations

from typing import Any

import numba
import pytest

from dnt_d2.compiled import kernel


def test_a_kernel_computes_what_its_function_does() -> None:
    def add(a: float, b: float) -> float:
        return a + b

    assert kernel(add)(1.0, 2.5) == add(1.0, 2.5)


def test_without_a_folder_for_the_cache_it_still_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    njit = numba.njit

    def without_cache(*, cache: bool = False, **options: Any) -> Any:
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(**options)

    monkeypatch.setattr(numba, "njit", without_cache)
    assert kernel(lambda a: a * 2)(4) == 8
    assert asked == [True, False]
