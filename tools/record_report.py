#!/usr/bin/env python3
"""Pictures of a report for the documents: its upper part in a browser, light and dark, and AP against alpha.

python tools/record_report.py output/minivid/DnT_EfficientNet_Lite0/inference/minivid_val_seen

Writes docs/report.png, docs/report-dark.png, docs/alpha.png, and the figures into benchmarks/results/ and README.md.
Needs a headless Chromium (tools/fetch_browser.py).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from dnt_d2.evaluation.tables import write_json
from dnt_d2.provenance import machine_name, provenance, replace_block

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 1280, 1400
ALPHAS = [f"{tenth / 10:g}" for tenth in range(1, 11)]


def browser() -> str:
    """The browser that the tests use."""
    command = [sys.executable, str(ROOT / "tools/fetch_browser.py"), str(ROOT / ".venv/browser")]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout.strip()


def photograph(page: Path, target: Path, scheme: str, executable: str) -> None:
    """The upper part of a page as a PNG of the documents' size."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        view = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)  # type: ignore[arg-type]
        view.goto(page.resolve().as_uri())
        view.screenshot(path=target)
        chromium.close()
    print(f"written: {target}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with report.html, and runs/ beside it")
    args = parser.parse_args()
    executable = browser()
    for scheme, name in (("light", "report.png"), ("dark", "report-dark.png")):
        photograph(args.folder / "report.html", ROOT / "docs" / name, scheme, executable)
    sweep_alpha(args.folder)


def sweep_alpha(folder: Path) -> None:
    """AP against alpha: the picture, the figures as JSON, and the extremes in README.md."""
    with tempfile.TemporaryDirectory() as temporary:
        report = Path(temporary, "report.json")
        outputs = ["--output", str(ROOT / "docs/alpha.png"), "--output", str(report)]
        sweep = ["--sweep", "TUBES.TOP_FRACTION", *ALPHAS]
        command = [sys.executable, "-m", "dnt_d2.evaluation", "--run", str(folder), *sweep, *outputs]
        subprocess.run(command, check=True, cwd=ROOT)
        content = json.loads(report.read_text(encoding="utf-8"))
    (found,) = content["sweeps"]
    facts = {"command": "tools/record_report.py", **provenance(), "dataset": content["dataset"], **found}
    result = Path("benchmarks/results") / f"alpha--{machine_name()}.json"
    write_json(ROOT / result, facts)
    told = ", ".join(
        f"{ap:.1f} at {float(alpha):.0%}" for alpha, ap in list(zip(ALPHAS, found["ap50"], strict=True))[::3]
    )
    source = f"({facts['date']}, {facts['machine']}; [{result.name}]({result}).)"
    line = f"*AP50 of tubes against alpha: {told}; single frames have {found['frame']:.1f}.* {source}\n"
    replace_block(ROOT / "README.md", "alpha", line)
    print(f"written: docs/alpha.png, {result}, README.md")


if __name__ == "__main__":
    main()
