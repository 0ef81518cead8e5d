"""Text made storable, and folded for comparing."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsreader.kit import text as kit
from newsreader.kit.text import fold, is_blank, is_unseen, tame, tidy, tidy_line, tidy_name

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


@pytest.mark.parametrize(
    "text", ["", " \n\t", "\u200b\u2060", "<p></p>", "<br>\u00ad", "\u3164", "<p>&nbsp;</p>", "&#8203;"]
)
def test_nothing_to_read_is_blank(text):
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", "<3", "1 < 2 > 1", "<b>x</b>", "👍", "…", "&lt;b&gt;"])
def test_something_to_read_is_not(text):
    assert not is_blank(text)


@given(st.text(max_size=100))
def test_a_tamed_text_stays_as_it_is_and_turns_nothing(typed):
    tamed = tame(typed)

    assert tame(tamed) == tamed
    assert not set(tamed) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(st.text(st.sampled_from("ae\u0301\u0302\u0323\u200d\u202e \n"), max_size=80))
def test_no_letter_carries_a_tower(typed):
    longest = max(
        (len(stack) for stack in re.findall("[\u0301\u0302\u0323]+", kit.without_invisible(tame(typed)))), default=0
    )

    assert longest <= kit.STACKED


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("A\u202eda", "Ada"),
        ("A\u200bd\u2060a", "Ada"),
        ("  A\n d\ta ", "A d a"),
        ("Zoe\u0308", "Zoë"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("A\x00\x07da", "Ada"),
    ],
)
def test_a_name_holds_nothing_unseen_but_what_scripts_and_emoji_need(typed, kept):
    assert tidy_name(typed) == kept


def test_a_name_carries_no_tower():
    assert len(tidy_name("Z" + "\u0335\u0321\u0322\u0327\u0328\u0334" * 5)) == 1 + kit.STACKED


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("e\u0301\u0301\u0323", "e\u0301\u0323"),
        ("<b>e\u0301\u0301</b>\u0301!", "<b>e\u0301</b>!"),
        ("e\u0301\u0302\u0301\u0302\u0323</b>\u0301!", "e\u0301\u0302\u0301\u0302</b>!"),
    ],
)
def test_of_a_tower_what_stands_between_marks_stays(typed, kept):
    assert tame(typed) == kept


# What names are made of, and what people put into them.
NAMED = st.text(
    st.sampled_from(
        "aé中ک👩\u200c\u200d\ufe0f\u200b\u202e\u2066\u200e\u0301\u0302\u0323\u0335\x00\x07\x85\u3164\U000e0061 \n.-'"
    )
    | st.characters(),
    max_size=60,
)


@given(NAMED)
def test_no_name_disturbs_the_line_it_stands_in(typed):
    """It turns nothing, holds no control and no tower, and tidying it again changes nothing."""
    name = tidy_name(typed)
    unseen = {c for c in name if unicodedata.category(c) in {"Cc", "Cf", "Cs"} or kit.without_invisible(c) == ""}
    accents = re.findall("[\u0301\u0302\u0323\u0335]+", kit.without_invisible(name))

    assert tidy_name(name) == name
    assert all(unicodedata.bidirectional(c) not in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"} for c in name)
    shaped = {"AN", "AL", "L"}  # Signs over Arabic numbers, joiners of hieroglyphs: Unicode calls them formats, too.
    assert {c for c in unseen if unicodedata.bidirectional(c) not in shaped} <= set("\u200c\u200d\ufe0e\ufe0f")
    assert max(map(len, accents), default=0) <= kit.STACKED


@given(NAMED)
def test_a_tidied_name_keeps_every_letter(typed):
    def letters(text):
        return [c for c in kit.without_invisible(tidy(text)) if unicodedata.category(c)[0] in "LNPS"]

    assert letters(tidy_name(typed)) == letters(typed)


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u0301", "\u2800\ufe0f", "\u202e\x07"])
def test_what_shows_nothing_is_unseen(text):
    assert is_unseen(text)


@pytest.mark.parametrize("text", ["a", "e\u0301", ".", "👍🏽", "\U0001fae8", "\U0001fae9"])
def test_a_sign_is_seen_even_if_it_is_newer_than_the_table_of_this_python(text):
    assert not is_unseen(text)


@given(st.text(st.sampled_from("ae中\u0301\u0302\u202e\u2069\u200d<b> \n") | st.characters(), max_size=80))
def test_taming_takes_only_marks_and_what_turns(typed):
    def rest(text):
        return [c for c in text if unicodedata.category(c) not in {"Mn", "Me"} and not kit._TURNS.match(c)]

    assert rest(tame(typed)) == rest(typed)


@pytest.mark.parametrize(
    ("line", "kept"), [("\u200b \u2060\n", ""), ("\u0301", ""), ("a\u200b", "a\u200b"), ("👍🏽", "👍🏽")]
)
def test_a_line_of_which_nothing_is_seen_is_empty(line, kept):
    assert tidy_line(line) == kept
