"""The classes of ImageNet DET."""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise

from dnt_d2.det_classes import DET_CLASSES, DET_WORDNET_IDS
from dnt_d2.vid_classes import WORDNET_IDS


def test_two_hundred_classes_in_the_devkits_order() -> None:
    assert len(DET_CLASSES) == len(set(DET_WORDNET_IDS.values())) == 200
    assert all(re.fullmatch(r"n\d{8}", wordnet_id) for wordnet_id in DET_WORDNET_IDS.values())
    places = {DET_WORDNET_IDS[name]: place for place, name in enumerate(DET_CLASSES, 1)}
    assert (places["n02672831"], places["n00007846"], places["n02391049"]) == (1, 124, 200)
    # The devkit's order is the alphabet's, but for a tie before a bow.
    swapped = [(a, b) for a, b in pairwise(DET_CLASSES) if a.lower() > b.lower()]
    assert swapped == [("bow_tie", "bow")]


def test_every_id_is_at_its_place() -> None:
    """The ids, one a line, as in the synset files of Caffe and of SSD (ILSVRC2013 and 2016), which are the same."""
    text = "".join(f"{wordnet_id}\n" for wordnet_id in DET_WORDNET_IDS.values())
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "38daf4125a7fe31c"


def test_the_classes_of_video_are_among_them_with_the_same_ids() -> None:
    assert {name: DET_WORDNET_IDS[name] for name in WORDNET_IDS} == WORDNET_IDS
