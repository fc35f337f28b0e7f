#!/usr/bin/env python3
"""Put what `make demo` found into the repository.

Numbers go to benchmarks/results/, the table into README.md. To be run after `make demo`, on the machine whose name the
file is to carry; `tools/make_gallery.py` makes the pictures:

    python tools/record_demo.py --machine 2-core-x86_64
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from run_demo import OUTPUT, ROOT, TITLES

from dnt_d2.provenance import replace_block


def table(summary: dict[str, Any], source: Path) -> str:
    """The results in Markdown, with everything that they depend on."""
    rows = "\n".join(f"| {title} | {summary['AP50'][key]:.1f} |" for key, title in TITLES.items())
    minutes = summary["minutes"]
    return (
        f"AP50 by the devkit's rule on `{summary['dataset']}`:\n\n"
        f"| | AP50 |\n|---|---|\n{rows}\n\n"
        f"(`{summary['command']}`, {summary['date']}, {summary['machine']}: {minutes['all']} minutes after the "
        f"installation, {minutes['training']} of them training; data seed {summary['data_seed']}; "
        f"[{source.name}]({source}).)\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--machine", required=True, help="a name for this machine, as a part of a file name")
    args = parser.parse_args()
    summary = json.loads((ROOT / OUTPUT / "demo.json").read_text(encoding="utf-8"))
    if not summary["whole_training"]:
        sys.exit("The last demo went on with an earlier training, so its minutes are not those of a whole one: run "
                 "`.venv/bin/python tools/run_demo.py --fresh` first.")  # fmt: skip
    result = Path("benchmarks/results") / f"demo--{args.machine}.json"
    (ROOT / result).parent.mkdir(parents=True, exist_ok=True)
    (ROOT / result).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    replace_block(ROOT / "README.md", "results", table(summary, result))
    print(f"written: {result}, README.md")


if __name__ == "__main__":
    main()
