"""docs/video_files.md: its code runs, and its messages are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.video import VideoWriter, probe

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "video_files.md").read_text()


def test_its_code_copies_a_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with VideoWriter("clip.mp4", 10) as writer:
        writer.write(np.zeros((48, 64, 3), np.uint8))
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(code, {})
    assert probe("out.mp4") == probe("clip.mp4")


def test_its_messages_are_those_of_the_code() -> None:
    messages = re.findall(r"^\| `([^`]+)` \|", PAGE.partition("## When something is broken")[2], re.MULTILINE)
    assert len(messages) > 20
    source = "".join(path.read_text() for path in sorted((ROOT / "dnt_d2" / "video").glob("*.py")))
    assert [message for message in messages if message not in source] == []
