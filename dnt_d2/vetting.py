"""Checkpoints are looked through before Detectron2 loads them: a pickle that would run code is refused."""

from __future__ import annotations

import logging
import os
import pickle
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from detectron2.checkpoint import DetectionCheckpointer
from detectron2.utils import comm
from detectron2.utils.file_io import PathManager

from .bounded.numbers import shortened
from .bounded.pickles import WantsCode, load_data
from .bounded.torch_files import load_plain

TRUST_VARIABLE = "DNT_D2_TRUST_PICKLE"
_TORCHS_VARIABLE = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"

# How PyTorch tells of a name that it doesn't allow, in versions old and new.
_NAME = re.compile(r"unsupported (?:global|class):?\s+(?:GLOBAL\s+)?([A-Za-z_]\w*\.[\w.]+)", re.IGNORECASE)

logger = logging.getLogger(__name__)


class VettedCheckpointer(DetectionCheckpointer):
    """Detectron2's checkpointer, which loads no file that :func:`vet_checkpoint` refuses."""

    def load(self, path: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """As in Detectron2; "" loads nothing.

        Raises:
            FileNotFoundError, ValueError: see :func:`vet_checkpoint`.
        """
        vet_checkpoint(path)
        with _allowed() if is_trusted() else _as_is():
            return super().load(path, *args, **kwargs)


def is_trusted() -> bool:
    """Whether the user said that checkpoints may run code: $DNT_D2_TRUST_PICKLE is 1."""
    return os.environ.get(TRUST_VARIABLE, "") == "1"


def vet_checkpoint(path: str | os.PathLike[str]) -> None:
    """See that a checkpoint can be loaded without running code; where the user trusts files, only a warning is logged.

    A PyTorch file may hold what ``torch.load(weights_only=True)`` takes, which reads no weights here; a .pkl of
    Detectron's and Detectron2's model zoos what :func:`dnt_d2.bounded.pickles.load_data` takes.

    Args:
        path: of a file, or what Detectron2 understands beside: detectron2://, https://, ..., with
            "?matching_heuristics=True" behind it. "" is no file.

    Raises:
        FileNotFoundError: there is no such file. In a distributed run Detectron2 sees to that.
        ValueError: it is broken, holds no weights by name, or would run code; the message names what.
    """
    if not path:
        return
    local = Path(PathManager.get_local_path(urlparse(os.fspath(path))._replace(query="").geturl()))
    if not local.is_file():
        if comm.get_world_size() == 1:
            raise FileNotFoundError(f"{path}: there is no such checkpoint; correct MODEL.WEIGHTS")
        return
    if is_trusted():
        logger.warning(f"{local} may run code while it is loaded: {TRUST_VARIABLE} is 1")
        return
    content = _read_pickle(local) if local.suffix == ".pkl" else _read_torch(local)
    weights = content.get("model", content) if isinstance(content, Mapping) else content
    if not isinstance(weights, Mapping):
        raise ValueError(f"{local}: holds a {type(weights).__name__}, not weights by name; save model.state_dict()")


def _read_pickle(path: Path) -> Any:
    try:
        return load_data(path)
    except WantsCode as error:
        raise ValueError(_refusal(path, str(error))) from error
    except Exception as error:  # a broken pickle may raise anything
        raise ValueError(_broken(path, error)) from error


def _read_torch(path: Path) -> Any:
    try:
        return load_plain(path)
    except pickle.UnpicklingError as error:
        if found := _NAME.search(str(error)):
            raise ValueError(_refusal(path, f"it wants to use {found[1]}, which weights don't need")) from error
        raise ValueError(_broken(path, error)) from error
    except Exception as error:  # of zipfile, pickle, struct, PyTorch: whatever broken bytes lead to
        raise ValueError(_broken(path, error)) from error


def _broken(path: Path, error: Exception) -> str:
    lines = str(error).strip().splitlines() or [repr(error)]
    return f"{path}: no checkpoint, or a broken one ({shortened(lines[0], 200)}); download or copy it again"


def _refusal(path: Path, why: str) -> str:
    return (
        f"{path}: this checkpoint would run code when it is loaded: {why}. Save its model.state_dict() where you trust "
        f"it; or, if you trust whoever made it as you trust a program, set {TRUST_VARIABLE}=1"
    )


@contextmanager
def _allowed() -> Iterator[None]:
    """For a while PyTorch loads whatever a file holds, if it can be told so (since 2.6; before, it does anyway)."""
    before = os.environ.get(_TORCHS_VARIABLE)
    os.environ[_TORCHS_VARIABLE] = "1"
    try:
        yield
    finally:
        os.environ.pop(_TORCHS_VARIABLE)
        if before is not None:
            os.environ[_TORCHS_VARIABLE] = before


@contextmanager
def _as_is() -> Iterator[None]:
    yield
