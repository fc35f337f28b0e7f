"""What was tested on what: of which objects the data of the study are made, what was trained, and where it isn't D&T
to the letter of the paper. Whoever reads the tables has to know."""

from __future__ import annotations

from collections import Counter

from ..minivid.photographs import picture_list
from ..minivid.settings import MiniVIDSettings
from .design import DATA

ITERATIONS = {"D": 800, "D&T": 900}
"""Those of the configs of the study."""


def describe_setting(data: MiniVIDSettings = DATA) -> str:
    """A list in Markdown: the data, the networks, what differs from the paper."""
    counts = novel_photographs(data)
    kinds = ", ".join(f"{count} of {name}" for name, count in counts.most_common())
    low, high = (f"{share:.0%}" for share in data.burst_share)
    shortest, longest = data.burst_length
    lines = [
        f"`val_novel` has {data.val_novel_videos} videos of {data.val_frames} frames, made of {counts.total()} "
        f"photographs of objects that no training has seen ({kinds}); `val_seen` has {data.val_seen_videos}. "
        "Intervals over videos say what other videos of these objects might come to, not what other objects would.",
        f"MiniVID moves cut-outs over photographs, and spoils {low} to {high} of the frames of each object by blur, "
        f"occlusion, dimming or an odd pose, in bursts of {shortest} to {longest} frames. That is what tubes can "
        "repair: it lies in these data that they gain a lot. What can be compared is one way to link with another.",
        "The trunk is EfficientNet-Lite0 of ImageNet, of which conv5 alone is trained "
        f"([configs](../configs/minivid/study)): D for {ITERATIONS['D']} iterations of 8 frames, D longer and D&T for "
        f"{ITERATIONS['D&T']} more of 4 pairs, frames 160 to 192 px high. That is little: a claim that fails here "
        "fails for such networks.",
        "D&T is not the paper's to the letter: it correlates cosines, through a softmax, with d = 4; moves are in "
        "units of 16 px, learnt both ways, under a loss that is linear from 0.05 on; stage 2 has no stills. "
        "[Retrained ablations](#retrained-ablations) has the paper's track head.",
    ]
    return "".join(f"- {line}\n" for line in lines)


def novel_photographs(data: MiniVIDSettings) -> Counter[str]:
    """How many cut-outs of each class are kept for `val_novel`."""
    pictures = picture_list().exchanged(data.exchanged).pictures
    cutouts = (x for x in pictures if x.role == "cutout" and x.class_name in data.classes)
    return Counter(x.class_name for x in cutouts if x.belongs_to("val_novel"))
