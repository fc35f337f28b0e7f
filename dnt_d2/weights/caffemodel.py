"""Reading .caffemodel files with protobuf alone, without Caffe."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bounded.memory import check_memory

Layers = dict[str, list[NDArray[np.float32]]]

# The few fields of Caffe's caffe.proto that hold weights: message -> (field, number, type, repeated).
_FIELDS: dict[str, list[tuple[str, int, str, bool]]] = {
    "BlobShape": [("dim", 1, "int64", True)],
    "BlobProto": [
        *((name, number, "int32", False) for number, name in enumerate(("num", "channels", "height", "width"), 1)),
        ("data", 5, "float", True),
        ("shape", 7, "BlobShape", False),
        ("double_data", 8, "double", True),
    ],
    "LayerParameter": [("name", 1, "string", False), ("blobs", 7, "BlobProto", True)],
    "V1LayerParameter": [("name", 4, "string", False), ("blobs", 6, "BlobProto", True)],
    "NetParameter": [
        ("name", 1, "string", False),
        ("layers", 2, "V1LayerParameter", True),
        ("layer", 100, "LayerParameter", True),
    ],
}
_PACKAGE = "dnt_d2.caffe"


def net_parameter() -> Any:
    """The message class NetParameter, with the fields that hold weights; others are skipped when reading.

    Raises:
        ModuleNotFoundError: protobuf is not installed.
    """
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("Caffe models need protobuf: pip install protobuf", name="google") from error
    proto = descriptor_pb2.FileDescriptorProto(name="dnt_d2/caffemodel.proto", package=_PACKAGE, syntax="proto2")
    field_type = descriptor_pb2.FieldDescriptorProto
    for message_name, fields in _FIELDS.items():
        message = proto.message_type.add(name=message_name)
        for name, number, kind, repeated in fields:
            label = field_type.LABEL_REPEATED if repeated else field_type.LABEL_OPTIONAL
            field = message.field.add(name=name, number=number, label=label)
            if kind in _FIELDS:
                field.type, field.type_name = field_type.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                field.type = getattr(field_type, f"TYPE_{kind.upper()}")
    # A pool of its own: a program that has loaded Caffe's own definitions goes on with those.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(proto)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.NetParameter"))


def read_caffemodel(path: str | Path) -> Layers:
    """The weights of a Caffe snapshot.

    Files of all ages are read: with ``layer`` or the older ``layers``, shapes or four dimensions, floats packed or
    not, or doubles.

    Returns:
        For each layer that has weights its blobs, float32, in Caffe's order: a convolution's weight (O, I, H, W) and
        bias; BatchNorm's mean, variance and the factor by which both are to be divided; Scale's factor and shift.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is broken, or no caffemodel.
    """
    from_file = net_parameter()()
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file; give the path of a .caffemodel")
    check_memory(4 * path.stat().st_size, path, "its content")  # the file, protobuf's numbers, and ours
    from google.protobuf.message import DecodeError

    try:
        from_file.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise ValueError(f"{path}: broken, or no .caffemodel; download it again ({error})") from error
    layers: Layers = {}
    for layer in [*from_file.layer, *from_file.layers]:
        if not layer.blobs:
            continue
        if layer.name in layers:
            raise ValueError(f"{path}: two layers with weights are called {layer.name!r}; convert a single snapshot")
        layers[layer.name] = [_array(blob, f"{path}: layer {layer.name!r}") for blob in layer.blobs]
    if not layers:
        raise ValueError(f"{path}: no layer has weights; it must be a snapshot (.caffemodel), not a .prototxt")
    return layers


def _array(blob: Any, where: str) -> NDArray[np.float32]:
    old = (blob.num, blob.channels, blob.height, blob.width)
    shape = tuple(blob.shape.dim) if blob.HasField("shape") else old
    data = blob.data or blob.double_data
    if min(shape, default=1) < 0 or len(data) != math.prod(shape):
        raise ValueError(f"{where}: {len(data)} numbers for the shape {shape}; the file is cut off, download it again")
    return np.fromiter(data, np.float32, len(data)).reshape(shape)
