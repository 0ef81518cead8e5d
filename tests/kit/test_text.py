"""Text made storable, and folded for comparing."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsreader.kit.text import fold, is_blank, tidy, tidy_line

anything = st.text(alphabet=st.characters(), max_size=200)


@given(anything)
def test_a_tidied_text_can_be_stored_and_tidying_it_again_changes_nothing(text):
    once = tidy(text)

    once.encode()
    assert "\x00" not in once
    assert "\r" not in once
    assert tidy(once) == once == unicodedata.normalize("NFC", once)


@given(anything)
def test_a_line_is_one_line(text):
    assert "\n" not in tidy_line(text)
    assert tidy_line(tidy_line(text)) == tidy_line(text)


@given(anything)
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Straße", "STRASSE"), ("café", "CAFE\u0301"), ("ｆｕｌｌ", "full"), ("a\u200bb", "ab"), (" a \n b ", "a b")],
)
def test_what_looks_the_same_folds_to_the_same(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u2060", "<p></p>", "<br>\u00ad", "\u3164"])
def test_nothing_to_read_is_blank(text):
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", "<3", "1 < 2 > 1", "<b>x</b>", "👍", "…"])
def test_something_to_read_is_not(text):
    assert not is_blank(text)
