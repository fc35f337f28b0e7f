"""The classes of ImageNet VID."""

from __future__ import annotations

import re

from dnt_d2.vid_classes import VID_CLASSES, WORDNET_IDS


def test_thirty_classes_in_the_devkits_order() -> None:
    assert len(VID_CLASSES) == len(set(WORDNET_IDS.values())) == 30
    assert list(VID_CLASSES) == sorted(VID_CLASSES)  # the devkit's order is the alphabet's
    assert (VID_CLASSES[0], VID_CLASSES[9], VID_CLASSES[29]) == ("airplane", "domestic_cat", "zebra")
    assert WORDNET_IDS["zebra"] == "n02391049"
    assert all(re.fullmatch(r"n\d{8}", wordnet_id) for wordnet_id in WORDNET_IDS.values())
