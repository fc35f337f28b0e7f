"""Output that no letter can end: consoles and pipes that know less than Unicode."""

from __future__ import annotations

import io
import sys


def tolerate_any_text() -> None:
    """From now on, print what the encoding of the standard output has no sign for as an escape, such as ``\\u03c4``.

    Python would raise UnicodeEncodeError: on Windows for whatever is not in the system's code page, once the output
    goes to a file or a pipe; everywhere for names of files that are no valid UTF-8. Commands call it as they start;
    streams that are no text files, or already forgive, are left alone.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
