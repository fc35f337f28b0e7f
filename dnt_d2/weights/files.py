"""Reading checkpoints without running code that they may carry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..bounded.torch_files import load_plain

# Where training scripts put the weights, beside optimizers and the like.
_WRAPPERS = ("state_dict", "model", "state_dict_ema", "model_ema")


def read_state_dict(path: str | Path) -> dict[str, NDArray[np.float32]]:
    """The tensors of a PyTorch checkpoint (torch.save) or of a .safetensors file, by name.

    Weights that are wrapped, as in ``{"state_dict": ...}``, are unwrapped, and the prefix ``module.`` of parallel
    training is taken off. Counters (``num_batches_tracked``) are dropped: nothing computes with them.

    Raises:
        FileNotFoundError: there is no such file.
        ModuleNotFoundError: safetensors is needed, but not installed.
        ValueError: the file is broken, would run code, or holds no tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file; give the path of a downloaded checkpoint")
    loaded = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    while isinstance(loaded, Mapping) and (key := next((k for k in _WRAPPERS if k in loaded), "")):
        loaded = loaded[key]
    if not isinstance(loaded, Mapping):
        raise ValueError(f"{path}: holds a {type(loaded).__name__}, not tensors by name; save model.state_dict()")
    tensors = {str(name).removeprefix("module."): x for name, x in loaded.items() if isinstance(x, Tensor)}
    arrays = {
        name: x.detach().float().numpy() for name, x in tensors.items() if not name.endswith("num_batches_tracked")
    }
    if not arrays:
        raise ValueError(f"{path}: holds no tensors; save model.state_dict()")
    return arrays


def _read_torch(path: Path) -> Any:
    try:
        return load_plain(path)
    except Exception as error:  # of zipfile, pickle, struct, PyTorch: whatever broken bytes lead to
        raise ValueError(
            f"{path}: not a checkpoint of plain tensors; broken, or it would run code when loaded, which is refused. "
            "Download it again, or save its model.state_dict() where you trust it"
        ) from error


def _read_safetensors(path: Path) -> Any:
    try:
        from safetensors.torch import load_file
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"{path}: needs safetensors: pip install safetensors", name="safetensors") from error
    try:
        return load_file(path)
    except Exception as error:  # SafetensorError, and what PyTorch says of types and sizes
        raise ValueError(f"{path}: a broken .safetensors file; download it again ({error})") from error
