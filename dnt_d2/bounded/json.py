"""JSON, bounded: what its content would take is estimated from its text before it is parsed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from .memory import check_memory

# Bytes in CPython of an object, a list, and one more value in either, all of them on the generous side.
_OBJECT, _LIST, _VALUE = 200, 64, 64

Pairs = list[tuple[str, Any]]


def read_json(
    path: str | os.PathLike[str],
    *,
    parse_float: Callable[[str], Any] = float,
    take: Callable[[dict[str, Any]], Any] | None = None,
    constants: bool = False,
) -> Any:
    """The content of a file in UTF-8; a mark of the byte order is no text.

    Args:
        path: of the file.
        parse_float: makes a number with a dot or an exponent out of its text.
        take: is given each object, the inner ones first, and gives what stands for it; None leaves them as they are.
        constants: understand NaN, Infinity and -Infinity, as Python writes them, although they are not JSON.

    Raises:
        OSError: it can't be read.
        ValueError: it is no JSON, has a key twice in an object, is nested too deeply, or would take more memory than
            :func:`.memory.memory_limit`. The message names the file, and where in it.
    """
    name = os.fspath(path)
    check_memory(os.path.getsize(path), name, "its text")
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: this is not a text in UTF-8 ({error}); save it as one") from None
    check_memory(_estimate(text), name, "its content")

    def joined(pairs: Pairs) -> Any:
        entry = dict(pairs)
        if len(entry) < len(pairs):
            raise ValueError(f"the key {_repeated(pairs)!r} is there twice in one object")
        return entry if take is None else take(entry)

    try:
        more: dict[str, Any] = {} if constants else {"parse_constant": _refuse}
        return json.loads(text, parse_float=parse_float, object_pairs_hook=joined, **more)
    except RecursionError:
        raise ValueError(f"{name}: broken JSON (nested too deeply); write or fetch the file again") from None
    except (ValueError, ArithmeticError) as error:
        if "integer string conversion" in str(error):  # Python's words tell programmers how to lift its limit
            error = ValueError(f"a whole number of more than {sys.get_int_max_str_digits()} digits")
        raise ValueError(f"{name}: broken JSON ({error}); write or fetch the file again") from None


def _estimate(text: str) -> int:
    """Bytes: the text, its strings once more, and what holds the values."""
    values = text.count(",") * _VALUE + text.count("{") * _OBJECT + text.count("[") * _LIST
    return 2 * sys.getsizeof(text) + values


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")


def _repeated(pairs: Pairs) -> str:
    seen: set[str] = set()
    return next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
