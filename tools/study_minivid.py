#!/usr/bin/env python3
"""The paper's claims, tested on MiniVID: D, D trained on, and D&T, three seeds each, and ablations.

python tools/study_minivid.py run                     # all of it, three to four hours on two cores; goes on if stopped
python tools/study_minivid.py run core                # three seeds, their comparisons and the claims
python tools/study_minivid.py run ablations reasons   # one thing changed at a time; why it is as it is
python tools/study_minivid.py run seed1_D seed1_DnT   # some parts
python tools/study_minivid.py run --fresh             # from nothing, whatever is there
python tools/study_minivid.py run --fresh claims      # these again; networks of other parts, and what they said, stay
python tools/study_minivid.py page                    # benchmarks/README.md and its plots, from the JSON files

Each part that is done is a JSON file in benchmarks/study/MACHINE; networks and what they said are in output/study.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import torch

from dnt_d2.console import tolerate_any_text
from dnt_d2.minivid import write_dataset
from dnt_d2.provenance import NO_GPU, machine_name, provenance, replace_block
from dnt_d2.study.commands import Workshop
from dnt_d2.study.design import DATA
from dnt_d2.study.ledger import Ledger
from dnt_d2.study.part import GROUPS, Part
from dnt_d2.study.parts import plan_parts

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "study"


def make_data(shop: Workshop) -> None:
    """The photographs, and MiniVID with the settings of the study."""
    pictures = ROOT / "datasets" / "pictures"
    subprocess.run([sys.executable, "datasets/fetch_pictures.py", str(pictures)], cwd=ROOT, check=True)
    write_dataset(shop.data / "minivid", DATA, "photographs", pictures, workers=shop.ranks, overwrite=True)


def run(shop: Workshop, ledger: Ledger, parts: list[Part], facts: dict[str, object]) -> None:
    """Do the parts that are not done, and write each down as soon as it is."""
    for number, part in enumerate(parts, 1):
        if ledger.finished(part.name, part.recipe):
            print(f"== {number} of {len(parts)}: {part.name} is done", flush=True)
            continue
        print(f"== {number} of {len(parts)}: {part.name}", flush=True)
        content = part.work()
        ledger.write(part.name, part.recipe, {"group": part.group, **facts, **provenance(gpu=gpu(shop)), **content})


def forget(shop: Workshop, ledger: Ledger, parts: list[Part], *, everything: bool) -> None:
    """Remove the results of parts, and the networks that are trained for them; or all networks and the data as well."""
    if everything:
        shutil.rmtree(shop.folder, ignore_errors=True)
    for part in parts:
        shutil.rmtree(shop.place(part.name), ignore_errors=True)
        ledger.path(part.name).unlink(missing_ok=True)


def gpu(shop: Workshop) -> str:
    """The one that takes part, in words."""
    return torch.cuda.get_device_name() if shop.device == "cuda" else NO_GPU


def chosen(parts: list[Part], words: list[str]) -> list[Part]:
    """Those of the groups, or of the names, that were asked for; all without words.

    Raises:
        ValueError: there is no such part.
    """
    known = {part.name for part in parts} | set(GROUPS)
    if wrong := sorted(set(words) - known):
        names = ", ".join((*GROUPS, *(part.name for part in parts)))
        raise ValueError(f"there is no part {wrong[0]!r}: choose among {names}")
    return [part for part in parts if not words or {part.name, part.group} & set(words)]


def write_page(machine: str) -> None:
    """benchmarks/README.md, its plots, and the block of README.md."""
    from dnt_d2.study.page import make_page
    from dnt_d2.study.plots import draw_all
    from dnt_d2.study.readme_block import NAME, make_block

    for path in draw_all(RESULTS / machine):
        print(f"written: {path.relative_to(ROOT)}")
    page = ROOT / "benchmarks" / "README.md"
    page.write_text(make_page(RESULTS / machine), encoding="utf-8", newline="\n")
    replace_block(ROOT / "README.md", NAME, make_block(RESULTS / machine))
    print(f"written: {page.relative_to(ROOT)}, README.md")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("what", choices=("run", "page"), help="do what is not done yet; or make the page from what is")
    add("parts", nargs="*", help="core, ablations, reasons, or names of parts; all by default")
    add("--fresh", action="store_true", help="forget what is there: of parts that are named, or everything")
    add("--folder", type=Path, default=ROOT / "output" / "study", help="where there is room for 4 GB")
    add("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_intermixed_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Do what the options say; 0 when all went well, 2 with a message where not, 130 when it was stopped."""
    args = parse(arguments)
    device = torch.cuda.get_device_name() if args.device == "cuda" else ""
    machine = machine_name(device)
    if args.what == "page":
        write_page(machine)
        return 0
    shop = Workshop(ROOT, args.folder, args.folder / "data", args.device)
    ledger = Ledger(RESULTS / machine)
    try:
        parts = chosen(plan_parts(shop), args.parts)
        if args.fresh:
            forget(shop, ledger, parts, everything=not args.parts)
        if not all(ledger.finished(part.name, part.recipe) for part in parts):
            make_data(shop)
        run(shop, ledger, parts, {"command": "python tools/study_minivid.py run", "settings": asdict(DATA)})
    except (ValueError, OSError, RuntimeError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped: what is finished is kept, and without --fresh the same command goes on", file=sys.stderr)
        return 130
    write_page(machine)
    return 0


if __name__ == "__main__":
    tolerate_any_text()
    sys.exit(main())
