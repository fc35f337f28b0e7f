"""What errors say, without what differs from file to file, so that all of them can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .harness import Outcome

_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_NUMBER = re.compile(r"(?<![A-Za-z_])[-+]?(?:\d[\d_]*\.?\d*(?:e[-+]?\d+)?|inf\b|nan\b)", re.IGNORECASE)
_BYTES = re.compile(r"bytes? (?:0x[0-9a-f]{2} )?in position [\d-]+: [\w ]+")
_NESTED = re.compile(r"(?<=is )[\[{].*?(?=, not )", re.DOTALL)
_SEVERAL = re.compile(r"(…)(?:(?:, |,| and |: )…)+|(N)(?:(?:, |,| x |x)N)+")
_LISTED = re.compile(r"((?:Data|Annotations)/(?:VID|DET)/).*?(?=: | has no | is listed | is missing|$)", re.DOTALL)
_SHOWN = 300


@dataclass
class Message:
    """One kind of message.

    Attributes:
        text: with N for a number, and … for what was quoted or listed.
        count: how many files led to it.
        number: of the first of those.
        example: what was said of that file.
    """

    text: str
    count: int
    number: int
    example: str


class Messages:
    """All messages of one target, kind by kind."""

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: of the files, which is left out of messages.
        """
        self._folder = re.compile(re.escape(str(folder)) + r"(?:/\d+)?/?")
        self._found: dict[str, Message] = {}

    def add(self, outcome: Outcome) -> None:
        """Count what was said of a file."""
        text = plain(self._folder.sub("", outcome.message))
        shown = self._folder.sub("", outcome.message)[:_SHOWN]
        message = self._found.setdefault(text, Message(text, 0, outcome.number, shown))
        message.count += 1
        if outcome.number < message.number:  # the same example, however many processes there are
            message.number, message.example = outcome.number, shown

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Message]:
        """The most frequent first."""
        return iter(sorted(self._found.values(), key=lambda message: (-message.count, message.text)))


def plain(text: str) -> str:
    """A message with … for quoted values and N for numbers."""
    text = _BYTES.sub("a byte", _NESTED.sub("…", text))
    text = _NUMBER.sub("N", _QUOTED.sub("…", _LISTED.sub(r"\1…", text)))
    text = _SEVERAL.sub(lambda match: match[1] or match[2], text)
    return " ".join(text.split())[:_SHOWN]
