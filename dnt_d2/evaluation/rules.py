"""Which number is which: the rule beside every measure, in a sentence, and the names of the kinds of results."""

from __future__ import annotations

from types import MappingProxyType

TITLES = MappingProxyType(
    {
        "frame": "single frames",
        "tube": "tubes",
        "tube_psi0": "tubes without tracks (psi = 0)",
        "tube_all": "tubes, all frames",
    }
)
"""Names of results, for people."""

RULES = MappingProxyType(
    {
        "AP50": "ILSVRC devkit: a box is found at IoU (+1 pixel) >= min(0.5, wh / ((w + 10)(h + 10))); area under the "
        "monotone precision-recall curve, over all frames; the mean is over classes that have objects",
        "speed": "FGFA's motion-specific AP50: an object's speed is its mean IoU with itself in the 10 frames before "
        "and after; fast <= 0.7 <= medium <= 0.9 <= slow; what found an object of another speed is ignored",
        "size": "devkit AP50 by the area of the object in pixels, in COCO's ranges: small <= 32 x 32 <= medium <= "
        "96 x 96 <= large; what found an object of another size, or nothing and is of another size, is ignored",
        "coco": "COCO by pycocotools: the mean over IoU 0.50 to 0.95 in steps of 0.05, 101 recall points, the best "
        "100 boxes per frame and class, boxes as x, y, x2 - x1, y2 - y1; APs, APm, APl by area",
        "tracks": "TrackEval at IoU 0.5 (HOTA: the mean over 0.05 to 0.95); tubes are cut at both ends where their "
        "score stays below the trim score; class by class, then the mean over classes that have objects",
        "recall": "share of objects that one of the best 10, 100, 300 proposals of their frame covers with IoU "
        "(+1 pixel) >= 0.5; the mean over classes that have objects",
    }
)
"""By the names of the blocks of a report."""
