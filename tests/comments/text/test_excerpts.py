"""The first words of a comment."""

import pytest

from comments.text.excerpts import excerpt


@pytest.mark.parametrize(
    ("text", "length", "found"),
    [
        ("Short.", 20, "Short."),
        ("On two\n lines", 20, "On two lines"),
        ("The grant comes to £6.7m", 22, "The grant comes to…"),
        ("The grant comes to an end", 20, "The grant comes to…"),
        ("Whole words, of course", 13, "Whole words…"),
        ("https://example.org/a-very-long-address", 12, "https://exa…"),
        ("เรือข้ามฟากมาสายอีกแล้ว", 8, "เรือข้าม…"),
        ("", 10, ""),
    ],
)
def test_a_text_is_cut_between_words(text, length, found):
    assert excerpt(text, length) == found
