"""Code in files that are data: pickles of every kind, and configs. Each would leave a file behind."""

from __future__ import annotations

import functools
import io
import os
import pickle
import struct
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from detectron2.config import get_cfg
from torch import nn

from ..config_files import merge_config_file
from ..data.proposals import read_proposals
from ..vetting import VettedCheckpointer
from ..weights.files import read_state_dict
from .hostile_attempts import CANARY, Attack
from .hostile_texts import written

_TOUCH = f"touch {CANARY}"


class Call:
    """Pickled as a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


_CALLS: dict[str, Call] = {
    "os.system": Call(os.system, _TOUCH),
    "os.mkdir": Call(os.mkdir, CANARY),
    "exec": Call(exec, f"open('{CANARY}', 'w')"),
    "eval": Call(eval, f"open('{CANARY}', 'w')"),
    "open": Call(open, CANARY, "w"),
    "a process": Call(subprocess.Popen, ["touch", CANARY]),
    "a partial": Call(functools.partial(os.mkdir), CANARY),
    "getattr": Call(getattr, "a", "upper"),
    "np.save": Call(np.save, CANARY, 1),
    "np.memmap": Call(np.memmap, CANARY, "u1", "w+", 0, (9,)),
    "torch.save": Call(torch.save, 1, CANARY),
    "a pickle in a pickle": Call(pickle.loads, pickle.dumps(Call(os.mkdir, CANARY))),
    "a module": Call(nn.Linear, 2, 2),
}
# Written by hand: codes that Python doesn't write any more, and claims.
_RAW = {
    "INST": b"(S'" + _TOUCH.encode() + b"'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'" + _TOUCH.encode() + b"'\no.",
    "GLOBAL of a method": b'cbuiltins\nexec\n(S\'open("canary", "w")\'\ntR.',
    "STACK_GLOBAL": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c" + bytes([len(_TOUCH)]) + _TOUCH.encode() + b"\x85R.",
    "a dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0bos.system.x\x93.",
    "an extension": b"\x80\x02\x82\x01.",
    "a persistent id": b"Pcanary\n.",
    "a place of 4 billion": b"\x80\x02]r" + struct.pack("<I", 2**32 - 1) + b".",
    "bytes of a TB": b"\x80\x05\x8e" + struct.pack("<Q", 2**40) + b"a.",
    "a bytearray of 100 GB": b"\x80\x05\x96" + struct.pack("<Q", 10**11) + b"a.",
    "lists in lists": b"\x80\x02" + b"]" * 1_000_000 + b".",
    "nothing": b"",
}


def code() -> list[Attack]:
    """Each call in each kind of file, and YAML."""
    attacks = []
    for what, call in _CALLS.items():
        held = {"model": {"weight": call}, "__author__": "x", "boxes": call, "ids": [], "objectness_logits": []}
        for protocol in (0, 2, 4):
            content = pickle.dumps(held, protocol)
            attacks += _of_pickle(f"{what}, protocol {protocol}", content)
        attacks += [
            Attack(f"{name}: {what}", partial(_torch_file, name, held), read) for name, read in _TORCH_READERS.items()
        ]
    for what, content in _RAW.items():
        attacks += _of_pickle(what, content)
        attacks.append(Attack(f"old.pth: {what}", partial(written, "old.pth", content), _load))
    return attacks + [Attack(f"YAML: {line}", partial(written, "a.yaml", line), _config) for line in _YAML]


def _of_pickle(what: str, content: bytes) -> list[Attack]:
    return [
        Attack(f"a.pkl: {what}", partial(written, "a.pkl", content), _load),
        Attack(f"proposals: {what}", partial(written, "p.pkl", content), read_proposals),
    ]


def _load(path: Path) -> None:
    VettedCheckpointer(nn.Linear(2, 3)).load(str(path))


_TORCH_READERS: dict[str, Callable[[Path], Any]] = {
    "a.pth": _load,
    "old.pth": _load,
    "a.pyth": _load,
    "convert.pth": read_state_dict,
}


def _torch_file(name: str, content: Any, folder: Path) -> Path:
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=name != "old.pth")
    return written(name, file.getvalue(), folder)


_YAML = (
    f"OUTPUT_DIR: !!python/object/apply:os.system ['{_TOUCH}']",
    f"OUTPUT_DIR: !!python/object/apply:os.mkdir ['{CANARY}']",
    f"OUTPUT_DIR: !!python/object/new:os.mkdir ['{CANARY}']",
    "OUTPUT_DIR: !!python/name:os.system",
    "OUTPUT_DIR: !!python/module:antigravity",
    f'SEED: !!python/object/apply:eval [\'open("{CANARY}", "w")\']',
    f"_BASE_: !!python/object/apply:os.mkdir ['{CANARY}']",
    "OUTPUT_DIR: [" + "[" * 20_000,
)


def _config(path: Path) -> None:
    merge_config_file(get_cfg(), path)
