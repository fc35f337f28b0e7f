"""benchmarks/README.md: what tracking is worth, made from the JSON files of the study alone."""

from __future__ import annotations

from pathlib import Path

from .cells import source
from .notes import NAME, read_notes
from .results import PARTS, Study
from .sections import SECTIONS, Section
from .setting import describe_setting

_INTRODUCTION = """# What tracking is worth

Does tracking make a detector better? The claims of the paper, tested on MiniVID over three seeds: D detects in single
frames; D&T goes on from it, and learns to track as well; *D longer* goes on just as long, on the same pairs, without
the tracking loss. `python tools/study_minivid.py run` trains, tests and compares them, and writes a JSON file for each
part; this page is made from those files by `python tools/study_minivid.py page`. Do not edit it; what people say about
a table is in `study/notes.md`.

Other pages: [how fast it is](speed.md), [what it survives](faults.md).

- Numbers are AP50 in percent by the devkit's rule, differences are points. `val_novel` shows objects that no training
  has seen: the headline. `val_seen` shows the training cut-outs on new backgrounds, with new motion.
- ± is half of the range over seeds; in brackets are the seeds. "-" is not measured, or can't be.
- Tubes with psi = 0 follow scores alone; with psi = 1 they follow tracklets (eq. 5, 6). D and D longer predict no
  motion: theirs are *"no motion" tracklets*, boxes that stay where they are.
- A verdict is computed: ours *agrees* with the paper if the difference, to a tenth, is on the same side of a limit in
  every seed, *disagrees* if in none; else one *can't tell*. Where the paper gains something the limit is 0: the sign
  has to be the same, not the size. Where it finds a change small, the limit is the change that it found. An interval,
  where there is one, decides by its sign.
"""


def make_page(folder: Path) -> str:
    """The page in Markdown, to lie beside the folder ``study``; what is not measured yet is left blank.

    Args:
        folder: benchmarks/study/MACHINE, with the JSON files of the parts and the plots. The notes are beside it.

    Raises:
        ValueError: a file is none of the study's, or a section of the notes has no table.
    """
    study = Study.read(folder)
    notes = read_notes(folder.parent / NAME, [section.name for section in SECTIONS])
    there = len(study.present(PARTS))
    under_way = "" if there == len(PARTS) else "; it is under way"
    state = f"{there} of the {len(PARTS)} parts of the study are finished{under_way}."
    return "\n".join(
        [
            *(_INTRODUCTION, f"What was tested on what:\n\n{describe_setting()}", f"{state}\n"),
            *(_section(x, study, folder, notes.get(x.name, "")) for x in SECTIONS),
        ]
    )


def _section(section: Section, study: Study, folder: Path, notes: str) -> str:
    link = f"{folder.parent.name}/{folder.name}"
    parts = [f"## {section.name}\n", f"{section.caption}\n"]
    parts += [f"![{words}]({link}/{name})\n" for name, words in section.pictures if (folder / name).exists()]
    parts += [make(study) for make in section.tables] if study.present(section.parts) else []
    parts.append(source(study, section.parts, link))
    parts += [text for text in [section.paper(study)] if text]
    parts += [f"{notes}\n"] if notes else []
    return "\n".join(parts)
