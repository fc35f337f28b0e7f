"""Values that programs stumble over."""

from __future__ import annotations

from random import Random

NUMBERS = (
    *("0", "-0", "1", "-1", "2", "3.0", "1.5", "0.1", "-1e-9", "1e3", "+5", " 7 ", "007", "1_000", "0x10", "1,5"),
    *(
        "nan",
        "NaN",
        "-nan",
        "inf",
        "-inf",
        "Infinity",
        "-Infinity",
        "1e308",
        "1e309",
        "-1e400",
        "1e-400",
        "1e999999999",
    ),
    *("127", "128", "255", "256", "32767", "32768", "65535", "65536", "2147483647", "2147483648", "4294967296"),
    *("9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"),
    *("18446744073709551616", "1000000000000", "-1099511627776", "9" * 40, "1" * 400, "7" * 5000, "0." + "3" * 2000),
    *("٣", "１２", "²", "½", "", "-", ".", "e", "1e", "--1", "1-1"),
)
"""Written numbers: at limits, beyond them, in other writing, and none at all."""

TEXTS = (
    *("", " ", "\0", "a\0b", "\n", "\r", "\r\n", "\t", "\x1c", "\x85", "\u2028", "\ufeff", "\ufffe", "\u200b", "\x7f"),
    *("..", "../../x", "/", "/etc/passwd", "a/../b", "a//b", "./a", "~", "$HOME", "C:\\x", "\\\\server\\x", "a" * 300),
    *("%s", "{}", "{0.__class__}", "'", '"', "\\", "<", "&amp;", "]]>", "#", ",", ";", "=", "[x]", "name", "None"),
    *("ü", "日本", "\U0001f4a5", "e\u0301", "\ud800", "a" * 70000, "true", "-1", "1e9"),
)
"""Names and words: empty, very long, of other letters, with what separates words, lines or folders."""


def number(random: Random) -> str:
    """A written number; now and then an ordinary one, which gets further."""
    return str(random.randrange(-5, 300)) if random.random() < 0.3 else random.choice(NUMBERS)


def text(random: Random) -> str:
    """A word."""
    return random.choice(TEXTS)


def either(random: Random) -> str:
    """A number or a word."""
    return number(random) if random.random() < 0.6 else text(random)


def times(random: Random) -> int:
    """How many changes: mostly one, since a second one hides what the first does."""
    count = 1
    while count < 8 and random.random() < 0.35:
        count += 1
    return count
