"""Config files, which Detectron2 reads as programs unless it is told otherwise."""

from __future__ import annotations

import os

import yaml
from detectron2.config import CfgNode

from .bounded.numbers import shortened
from .vetting import TRUST_VARIABLE, is_trusted

_LARGEST = 1 << 20  # bytes


def merge_config_file(cfg: CfgNode, path: str | os.PathLike[str]) -> None:
    """Merge a file into a config, and before it those that it names as ``_BASE_``.

    Args:
        cfg: is changed.
        path: of a YAML file.

    Raises:
        AssertionError: there is no such file.
        KeyError: there is no such key.
        ValueError: it is no YAML, or would run code; where the user trusts files it may, see :mod:`.vetting`.
    """
    name = os.fspath(path)
    if os.path.isfile(name) and os.path.getsize(name) > _LARGEST:
        raise ValueError(f"{name}: it has more than {_LARGEST:,} bytes, as no config has")
    try:
        cfg.merge_from_file(name, allow_unsafe=is_trusted())
    except yaml.constructor.ConstructorError as error:
        raise ValueError(
            f"{name}: this config would run code when it is read: {shortened(str(error.problem), 200)}. Write plain "
            f"values; or, if you trust whoever made it as you trust a program, set {TRUST_VARIABLE}=1"
        ) from error
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"{name}: broken YAML ({shortened(str(error), 300)}); correct it") from error
