"""PyAV, which brings FFmpeg's codecs: loaded when a video file is touched, and not before."""

from __future__ import annotations

from types import ModuleType

_OLDEST = 17  # those before lose the last frame of a fragment, or take full-range colours for others


def import_av(needed_for: str) -> ModuleType:
    """The module ``av``.

    Args:
        needed_for: the file, which the error names.

    Raises:
        ModuleNotFoundError: where PyAV is missing, with the way to install it.
        ImportError: where it is too old.
    """
    try:
        import av
    except ModuleNotFoundError as error:
        message = f"{needed_for}: video files need PyAV, which is not installed: pip install 'dnt_d2[video]'"
        raise ModuleNotFoundError(message, name="av") from error
    if int(av.__version__.partition(".")[0]) < _OLDEST:
        raise ImportError(f"{needed_for}: PyAV {av.__version__} is too old: pip install 'av>={_OLDEST}'", name="av")
    return av
