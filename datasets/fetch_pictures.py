#!/usr/bin/env python
"""Get the photographs that MiniVID is made of: Debian packages in (231 MB), a folder of pictures out (22 MB).

python datasets/fetch_pictures.py                             # into datasets/pictures, by apt-get, without root
python datasets/fetch_pictures.py --from ~/Downloads          # from .deb files, where there is no apt-get
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dnt_d2.console import tolerate_any_text
from dnt_d2.minivid.fetch import fetch_pictures
from dnt_d2.minivid.packages import PackageError
from dnt_d2.minivid.photographs import usual_folder


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "root", type=Path, nargs="?", default=usual_folder(), help="folder to fill (default: %(default)s)"
    )
    parser.add_argument(
        "--from", dest="source", type=Path, help="folder with the .deb files, or with an unpacked `usr` tree"
    )
    parser.add_argument(
        "--allow-missing", action="store_true", help="do without pictures that your packages' versions don't have"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Fetch the pictures; 0 when all went well, 2 with a message when not."""
    args = parse_arguments(arguments)
    start = time.monotonic()
    try:
        written = fetch_pictures(args.root, source=args.source, allow_missing=args.allow_missing)
    except (OSError, PackageError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    took = f"{written} pictures in {time.monotonic() - start:.0f} s" if written else "all pictures were there"
    print(f"{args.root}: {took}")
    return 0


if __name__ == "__main__":
    tolerate_any_text()
    sys.exit(main())
