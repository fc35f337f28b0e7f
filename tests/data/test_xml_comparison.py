"""dnt_d2/data/xml_comparison.py: what is kept and what is there."""

from __future__ import annotations

import numpy as np

from dnt_d2.data.listing import Listing
from dnt_d2.data.texts import Texts
from dnt_d2.data.xml_comparison import compare, find_rows, is_kept
from dnt_d2.data.xml_folders import XmlFolders
from dnt_d2.data.xml_shelf import Shelf
from dnt_d2.data.xml_table import Content, make_table

TABLE = make_table([5, 6, 7], [1, 2, 3], [Content(9, 8, [])] * 3)
STAMPS = [[10, 11, 12, 13], [20, 21, -1, -1]]
SHELF = Shelf({"a": 0, "b": 1}, np.array([0, 2, 3]), np.array(STAMPS), Texts.of(["x", "y", "x"]), TABLE)
A, B = Listing(["x", "y"], [5, 6], [1, 2]), Listing(["x"], [7], [3])


def test_nothing_there_and_nothing_kept() -> None:
    assert is_kept(SHELF, XmlFolders.of({}))
    assert is_kept(Shelf.empty(), XmlFolders.of({}))
    found = compare(Shelf.empty(), XmlFolders.of({"a": A, "c": Listing([], [], [])}))
    assert (found.rows.tolist(), found.stale.tolist(), found.is_news) == ([-1, -1], [True, True], True)


def test_the_same_in_any_order_is_kept() -> None:
    assert is_kept(SHELF, XmlFolders.of({"a": A, "b": B}, STAMPS))
    assert is_kept(SHELF, XmlFolders.of({"b": B, "a": A}))
    assert is_kept(SHELF, XmlFolders.of({"b": B}))
    assert find_rows(SHELF, XmlFolders.of({"b": B, "a": A}))[0].tolist() == [2, 0, 1]


def test_a_file_of_another_time_or_size_is_stale() -> None:
    for other in (A._replace(mtime_ns=[5, 7]), A._replace(byte_size=[1, 3])):
        found = compare(SHELF, XmlFolders.of({"a": other, "b": B}))
        assert (found.rows.tolist(), found.stale.tolist()) == ([0, 1, 2], [False, True, False])


def test_other_files_are_news_and_leave_nothing_known_of_their_folder() -> None:
    found = compare(SHELF, XmlFolders.of({"a": Listing(["w", "y"], [4, 6], [1, 2]), "b": B}))
    assert (found.rows.tolist(), found.stale.tolist()) == ([-1, 1, 2], [True, False, False])
    assert found.is_news
    assert found.stamps.tolist() == [[-1] * 4, STAMPS[1]]
    assert not is_kept(SHELF, XmlFolders.of({"a": Listing(["y"], [6], [2])}))  # one that went


def test_what_is_found_out_about_a_folder_is_news_and_what_is_not_stays() -> None:
    found = compare(SHELF, XmlFolders.of({"a": A, "b": B}, [[-1] * 4, [30, 31, 32, 33]]))
    assert found.is_news
    assert found.stamps.tolist() == [STAMPS[0], [30, 31, 32, 33]]
    assert not found.stale.any()
