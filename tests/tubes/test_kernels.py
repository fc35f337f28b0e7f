"""What only the compiled form can get wrong: reuse, threads, and a place that cannot be written to."""

from __future__ import annotations

import threading

import numba
import numpy as np
import pytest

from dnt_d2.tubes import kernels, link_tubes


def test_no_boxes() -> None:
    one = np.array([[0.0, 0, 9, 9, 0.5]])
    none = np.zeros((0, 8)), np.zeros(2, np.int64)
    assert kernels.find_paths(one, np.array([0, 1]), *none, 0.5).tolist() == [[0]]


def test_each_loop_is_compiled_once() -> None:
    """Whatever arrays the public functions are given, the loops see one kind."""
    rows = np.array([[0.0, 0, 9, 9, 0.5], [20, 0, 29, 9, 0.25]])
    for dtype in (np.float64, np.float32, np.int64):
        for order in ("C", "F"):
            array = np.asarray(rows, dtype=dtype, order=order)
            array.flags.writeable = False
            link_tubes([array, array[::-1]], [[], []])
    assert len(kernels.find_paths.signatures) == 1


def test_threads_do_not_disturb_each_other() -> None:
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 100, (40, 12, 2))
    detections = list(np.concatenate([corners, corners + 20, rng.random((40, 12, 1))], axis=2))
    tracklets = list(np.concatenate([corners, corners + 20, corners, corners + 20], axis=2))
    expected = [tube.indices.tolist() for tube in link_tubes(detections, tracklets)]
    results: list[list[list[int]]] = []

    def work() -> None:
        for _ in range(5):
            results.append([tube.indices.tolist() for tube in link_tubes(detections, tracklets)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 20


def test_works_where_nothing_can_be_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    njit = numba.njit

    def refuse(*args: object, cache: bool = False, **kwargs: object) -> object:
        if not cache:
            return njit(*args, **kwargs)
        raise RuntimeError("cannot cache function: no locator available for file")

    monkeypatch.setattr(numba, "njit", refuse)
    assert kernels.kernel(lambda x: x + 1)(1) == 2
