"""dnt_d2/data/texts.py: strings in one block."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from dnt_d2.data.texts import Texts, join_texts, pack

WORDS = ["000000", "", "ü x", "\udcff", "n02084071_1"]  # the fourth: a name that is no UTF-8


def test_no_strings() -> None:
    for none in (Texts.of([]), Texts.of(WORDS).take(np.empty(0, np.int64)), join_texts([Texts.of([]), Texts.of([])])):
        assert len(none) == 0
        assert none.part(0, 0) == []
        assert none.run(0, 0) == b""


@pytest.mark.parametrize("words", [[""], ["a"], ["", ""], WORDS])
def test_what_is_put_in_comes_out(words: list[str]) -> None:
    texts = Texts.of(words)
    assert len(texts) == len(words)
    assert texts.part(0, len(words)) == words
    assert [texts[i] for i in range(len(words))] == words
    assert texts.run(0, len(words)).decode("utf-8", "surrogateescape") == "/".join(words)
    copy = pickle.loads(pickle.dumps(texts))
    assert copy.part(0, len(words)) == words


def test_some_in_another_order() -> None:
    texts = Texts.of(WORDS).take(np.array([4, 0, 0, 2]))
    assert texts.part(0, 4) == [WORDS[i] for i in (4, 0, 0, 2)]
    assert texts.part(1, 3) == [WORDS[0]] * 2


def test_a_run_is_a_part_of_the_block() -> None:
    texts = Texts.of(WORDS).take(np.array([3, 1, 2]))
    assert texts.run(1, 3) == "/ü x".encode()


def test_joined_are_one_after_the_other() -> None:
    texts = Texts.of(WORDS)
    parts = [texts.take(np.array([4])), Texts.of(["b", "a"]), Texts.of([]), texts.take(np.array([1, 0]))]
    joined = join_texts(parts)
    assert joined.part(0, 5) == [WORDS[4], "b", "a", WORDS[1], WORDS[0]]
    assert len(joined.block) == len(texts.block) + 3  # what two share is kept once
    assert join_texts([texts]) is texts


def test_another_number_is_noticed() -> None:
    for count in (1, 2, 4):
        with pytest.raises(ValueError, match=rf"3 names, not {count}"):
            Texts.unpack(pack(["a", "b", "c"]), count)
    with pytest.raises(ValueError, match="1 names, not 0"):
        Texts.unpack(pack(["a"]), 0)
