"""Changes of bytes, and of texts as lines of words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from . import nasty

_ENCODINGS = ("utf-16", "utf-16-be", "utf-32", "latin-1", "cp037", "utf-8-sig", "utf-7")
_LINE_ENDS = ("\r\n", "\r", "\n\n", "", " \n", "\0\n", "\x85", "\u2028", "\x0c")
_SEPARATORS = (" ", ",", ", ", "\t", ";", "  ", "=", ",,", "|")
_LARGE = 100_000  # letters: more take long to make, and longer to read than they teach
_WORDS = re.compile(r"([\s,=;]+)")


def change_bytes(random: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Blind changes of a file: bits, bytes and runs of them; its end; parts of another file."""
    changed = bytearray(data)
    for _ in range(nasty.times(random)):
        changed = random.choice(_BYTE_CHANGES)(random, changed, random.choice(seeds))
    return bytes(changed)


def _place(random: Random, data: bytearray) -> int:
    # Headers, which say most, are at the start and at the end.
    if random.random() < 0.5:
        return random.randrange(len(data) + 1)
    near = min(random.randrange(64), len(data))
    return near if random.random() < 0.7 else len(data) - near


def _flip(random: Random, data: bytearray, _: bytes) -> bytearray:
    for _i in range(random.choice((1, 1, 1, 4, 16)) if data else 0):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return data


def _overwrite(random: Random, data: bytearray, _: bytes) -> bytearray:
    at, count = _place(random, data), random.choice((1, 1, 2, 4, 8, 64))
    data[at : at + count] = bytes([random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))]) * count
    return data


def _number(random: Random, data: bytearray, _: bytes) -> bytearray:
    at, size = _place(random, data), random.choice((1, 2, 4, 8))
    value = random.choice((0, 1, -1, 2 ** (8 * size - 1), random.getrandbits(8 * size))) % 2 ** (8 * size)
    data[at : at + size] = value.to_bytes(size, random.choice(("big", "little")))
    return data


def _cut(random: Random, data: bytearray, _: bytes) -> bytearray:
    return data[: _place(random, data)]


def _remove(random: Random, data: bytearray, _: bytes) -> bytearray:
    at = _place(random, data)
    del data[at : at + random.choice((1, 2, 4, 16, 256))]
    return data


def _repeat(random: Random, data: bytearray, _: bytes) -> bytearray:
    at = _place(random, data)
    part = data[at : at + random.choice((1, 4, 32, 1024))]
    data[at:at] = part * random.choice((1, 1, 2, 50))
    return data


def _splice(random: Random, data: bytearray, other: bytes) -> bytearray:
    at = random.randrange(len(other) + 1)
    return data[: _place(random, data)] + other[at:]


def _noise(random: Random, data: bytearray, _: bytes) -> bytearray:
    at = _place(random, data)
    data[at:at] = random.randbytes(random.choice((1, 3, 8, 100)))
    return data


_BYTE_CHANGES: tuple[Callable[[Random, bytearray, bytes], bytearray], ...] = (
    *(_flip, _flip, _overwrite, _number, _number, _cut, _remove, _repeat, _splice, _noise),
)


def change_lines(random: Random, seeds: Sequence[bytes]) -> bytes:
    """Changes of words and lines, now and then of the encoding, or of bytes after all."""
    data = random.choice(seeds)
    lines = data.decode().splitlines()
    for _ in range(nasty.times(random)):
        change = random.choice(_LINE_CHANGES)
        lines = change(random, lines, random.choice(seeds))
        if sum(map(len, lines)) > _LARGE:
            break
    end = random.choice(_LINE_ENDS) if random.random() < 0.08 else "\n"
    return finish(random, end.join(lines) + random.choice(("\n", "\n", "\n", "", end)), seeds)


def finish(random: Random, text: str, seeds: Sequence[bytes]) -> bytes:
    """A text as bytes: in UTF-8, mostly; sometimes in another encoding, or broken."""
    dice = random.random()
    encoding = random.choice(_ENCODINGS) if dice < 0.06 else "utf-8"
    data = text.encode(encoding, "surrogatepass" if encoding.startswith("utf-") and encoding != "utf-7" else "replace")
    return change_bytes(random, data, seeds) if dice > 0.85 else data


def _word(random: Random, lines: list[str], _: bytes) -> list[str]:
    if lines:
        row = random.randrange(len(lines))
        words = _WORDS.split(lines[row])
        words[random.randrange(len(words))] = nasty.either(random)
        lines[row] = "".join(words)
    return lines


def _shape(random: Random, lines: list[str], _: bytes) -> list[str]:
    """A word more or less in a line, or two in each other's place."""
    if lines:
        row = random.randrange(len(lines))
        words = _WORDS.split(lines[row])
        a, b = random.randrange(len(words)), random.randrange(len(words))
        dice = random.randrange(3)
        if dice == 0:
            del words[a]
        elif dice == 1:
            words[a:a] = words[b : b + 2]
        else:
            words[a], words[b] = words[b], words[a]
        lines[row] = "".join(words)
    return lines


def _separator(random: Random, lines: list[str], _: bytes) -> list[str]:
    separator, which = random.choice(_SEPARATORS), random.randrange(len(lines) + 1)
    return [_WORDS.sub(separator, line) if which in (row, len(lines)) else line for row, line in enumerate(lines)]


def _line(random: Random, lines: list[str], other: bytes) -> list[str]:
    """A line again, away, elsewhere, or from another file."""
    at, others = random.randrange(len(lines) + 1), other.decode().splitlines()
    dice = random.randrange(5)
    if dice == 0:
        lines[at:at] = lines[at - 1 : at] * random.choice((1, 1, 3, 300))
    elif dice == 1:
        del lines[at : at + random.choice((1, 1, 5, 100))]
    elif dice == 2:
        random.shuffle(lines)
    elif dice == 3:
        lines.insert(at, nasty.either(random))
    elif others:
        lines.insert(at, random.choice(others))
    return lines


def _long(random: Random, lines: list[str], _: bytes) -> list[str]:
    if lines:
        row = random.randrange(len(lines))
        lines[row] = lines[row][:100] * random.choice((2, 20, 2000))
    return lines


_LINE_CHANGES = (_word, _word, _word, _word, _shape, _shape, _line, _line, _separator, _long)
