"""``seqinfo.ini``, in which MOTChallenge describes a sequence."""

from __future__ import annotations

import configparser
from pathlib import Path

from ..bounded.numbers import shortened

_LARGEST = 8192  # bytes
_SECTION = "Sequence"


def read_info(path: Path) -> dict[str, str]:
    """The keys, in lower case, and values of the section [Sequence]; none without a file.

    Raises:
        ValueError: it is no such file; the message names it, the line where there is one, and the remedy.
    """
    if not path.is_file():
        return {}
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"{path}: it has more than {_LARGEST} bytes, as no seqinfo.ini has; write or remove it")
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"))
        return dict(parser[_SECTION])
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: this is not a text in UTF-8 ({error}); save it as one") from None
    except (configparser.Error, KeyError) as error:
        line, wrong = _explain(error)
        place = f"{path}:{line}" if line else f"{path}"
        raise ValueError(f"{place}: {wrong}; correct the file, or remove it") from None


def _explain(error: Exception) -> tuple[int | None, str]:
    """The line, and what is wrong with it: Python says it in several lines, with other names."""
    if isinstance(error, configparser.MissingSectionHeaderError):
        return error.lineno, f"{shortened(error.line.strip())!r} stands before the line [{_SECTION}]"
    if isinstance(error, configparser.DuplicateOptionError):
        return error.lineno, f"{shortened(error.option)!r} is there a second time"
    if isinstance(error, configparser.DuplicateSectionError):
        return error.lineno, f"[{shortened(str(error.section))}] is there a second time"
    if isinstance(error, configparser.ParsingError) and error.errors:
        return error.errors[0][0], f"this is no line with key=value: {shortened(error.errors[0][1])}"
    return None, f"it has no section [{_SECTION}]"
