"""``python -m dnt_d2.demo``."""

from __future__ import annotations

import sys

from ..console import tolerate_any_text
from .command import main

if __name__ == "__main__":
    tolerate_any_text()
    sys.exit(main())
