"""What the stages of the benchmark are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True)
class Options:
    """The same for every stage; a stage uses what concerns it.

    Attributes:
        device: "cpu" or "cuda".
        dtype: of the maps and, as autocast, of the networks: "float32", "bfloat16" or "float16".
        channels_last: the networks' memory format.
        seed: of all that is drawn.
        scale: share of the full size, above 0: to try the tool.
        folder: with room for 3 GB; None is the system's temporary folder.
    """

    device: str = "cpu"
    dtype: str = "float32"
    channels_last: bool = False
    seed: int = 0
    scale: float = 1.0
    folder: Path | None = None

    @property
    def torch_dtype(self) -> torch.dtype:
        """:attr:`dtype` as PyTorch knows it."""
        return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[self.dtype]

    def scaled(self, size: int, least: int = 1) -> int:
        """A size of the full benchmark, scaled."""
        return max(least, round(size * self.scale))

    @property
    def arguments(self) -> list[str]:
        """Those of the command line that give these options; what is as usual is left out."""
        usual, words = Options(), []
        for name in ("device", "dtype", "seed", "scale", "folder"):
            if (value := getattr(self, name)) != getattr(usual, name):
                words += [f"--{name}", f"{value:g}" if isinstance(value, float) else str(value)]
        return words + (["--channels-last"] if self.channels_last else [])

    @property
    def setting(self) -> str:
        """In words, for the page."""
        threads = f"{torch.get_num_threads()} threads" if self.device == "cpu" else torch.cuda.get_device_name()
        layout = ", channels-last" if self.channels_last else ""
        scale = f", at {self.scale:g} of the full size" if self.scale != 1 else ""
        return f"{threads}, {self.dtype}{layout}{scale}"
