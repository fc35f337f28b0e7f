#!/usr/bin/env python3
"""Convert weights of other projects into a checkpoint for MODEL.WEIGHTS.

    python tools/convert_weights.py resnext101_32x4d.safetensors X-101-32x4d.pkl --from timm
    python tools/convert_weights.py resnet50-0676ba61.pth R-50.pkl --from torchvision
    python tools/convert_weights.py DnT_ResNet50.caffemodel DnT_R_50.pkl --from caffe

Beside OUTPUT.pkl it writes OUTPUT.yaml, the config keys that these weights need, and prints what of the file matched.
The exit status is 1 if the network is not complete.
"""

from __future__ import annotations

import argparse
import sys

from dnt_d2.console import tolerate_any_text
from dnt_d2.weights import ORIGINS, convert, write_checkpoint


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help=".pth, .safetensors or .caffemodel; files that would run code are refused")
    parser.add_argument("output", help="the checkpoint, .pkl")
    parser.add_argument("--from", dest="origin", required=True, choices=ORIGINS, help="where the file comes from")
    parser.add_argument(
        "--arch", default="", help="timm's name of the network; not needed for plain ResNets and ResNeXts"
    )
    args = parser.parse_args()
    try:
        converted = convert(args.source, args.origin, args.arch)
        print(converted.report)
        if not converted.report.complete:
            print(f"{args.source}: the network is not complete, nothing is written", file=sys.stderr)
            return 1
        config = write_checkpoint(converted, args.output)
    except (OSError, ValueError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{args.output}: the weights\n{config}: the keys that they need\n\n{config.read_text(encoding='utf-8')}", end=""
    )
    return 0


if __name__ == "__main__":
    tolerate_any_text()
    sys.exit(main())
