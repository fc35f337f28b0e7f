"""PyAV, which brings FFmpeg's codecs: loaded when a video file is touched, and not before."""

from __future__ import annotations

from types import ModuleType


def import_av(needed_for: str) -> ModuleType:
    """The module ``av``.

    Args:
        needed_for: the file, which the error names.

    Raises:
        ModuleNotFoundError: where PyAV is missing, with the way to install it.
    """
    try:
        import av
    except ModuleNotFoundError as error:
        message = f"{needed_for}: video files need PyAV, which is not installed: pip install 'dnt_d2[video]'"
        raise ModuleNotFoundError(message, name="av") from error
    return av
