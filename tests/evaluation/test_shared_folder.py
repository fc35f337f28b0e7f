"""Ranks that see one disk, and ranks that don't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dnt_d2.evaluation import shared_folder
from dnt_d2.evaluation.shared_folder import is_shared


def test_one_process_shares_with_itself(tmp_path: Path) -> None:
    assert is_shared(tmp_path / "new" / "folder")


def test_another_disk_is_noticed_though_the_folder_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second rank of two, on a disk that holds what an earlier run of the first one left."""
    assert is_shared(tmp_path)
    answers: list[Any] = []

    def all_gather(value: Any) -> list[Any]:
        answers.append(value)
        return ["token of rank 0", value] if isinstance(value, str) else [True, value]

    monkeypatch.setattr(shared_folder.comm, "all_gather", all_gather)
    monkeypatch.setattr(shared_folder.comm, "is_main_process", lambda: False)
    assert not is_shared(tmp_path)
    (tmp_path / "shared_token of rank 0").touch()
    assert is_shared(tmp_path)
    assert answers[1::2] == [False, True]
