"""What a comment is, as a row."""

import pytest

from comments.models.comment import SAME_FROM, text_key

LETTERS = "abcdefghijklmnopqrst"


def test_a_text_of_a_few_letters_has_no_key():
    assert len(LETTERS) == SAME_FROM
    assert text_key(LETTERS)
    assert text_key(LETTERS[:-1]) == ""
    assert text_key(f"{LETTERS[:-1]} … !!!") == ""


@pytest.mark.parametrize("typed", [LETTERS.upper(), " ".join(LETTERS), "_a.bc" + LETTERS[3:] + "!\n"])
def test_the_same_letters_have_the_same_key_whatever_stands_between_them(typed):
    assert text_key(typed) == text_key(LETTERS)
    assert text_key(typed) != text_key(f"{typed}u")
