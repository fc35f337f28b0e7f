"""Triton kernels without a GPU."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest


@pytest.fixture
def run_interpreted() -> Callable[[str], None]:
    """``run_interpreted(__file__)``: the tests of a file pass in a process of its own, by Triton's interpreter."""

    def run(file: str) -> None:
        options = ["-x", "-v", "-p", "no:cacheprovider", "--import-mode=importlib"]
        result = subprocess.run(
            [sys.executable, "-m", "pytest", *options, file],
            env={**os.environ, "TRITON_INTERPRET": "1"},
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert " passed" in result.stdout

    return run
