"""The public names, and what importing them costs."""

from __future__ import annotations

import subprocess
import sys

import dnt_d2.tubes


def test_public_names() -> None:
    names = {"OnlineLinker", "Tube", "interpolate_tube", "link_candidates", "link_online", "link_tubes", "link_video"}
    names |= {"rescore_present", "trim_tube", "vote_boxes"}
    assert set(dnt_d2.tubes.__all__) == names
    assert all(hasattr(dnt_d2.tubes, name) for name in names)


def test_import_loads_nothing_but_numpy() -> None:
    code = "import sys, dnt_d2.tubes; print([m for m in ('torch', 'detectron2', 'numba', 'cv2') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
