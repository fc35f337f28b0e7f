"""Messages without what differs from file to file."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.soak.fuzz.harness import Outcome
from dnt_d2.soak.fuzz.messages import Messages, plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("a.txt:3: class -1e+4 is not one of 1 to 3", "a.txt:N: class N is not one of N to N"),
        ("'bbox' is [1, 2.5, -3]", "… is [N]"),
        ("\"it's\" and 'a\\'b' are\n two", "… are two"),
        ("Data/VID/train/x: y: this video is listed", "Data/VID/…: y: this video is listed"),
        ("x1, y1", "x1, y1"),
    ],
)
def test_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_counted_with_the_first_example() -> None:
    messages = Messages(Path("/tmp/here"))
    assert len(messages) == 0
    for number, text in ((7, "/tmp/here/1/a.txt: 'x' is wrong"), (2, "/tmp/here/0/a.txt: 'y' is wrong"), (3, "other")):
        messages.add(Outcome(number, "error", text))
    assert [(one.count, one.number, one.example) for one in messages] == [
        (2, 2, "a.txt: 'y' is wrong"),
        (1, 3, "other"),
    ]
