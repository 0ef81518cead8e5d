"""Ids as they come in from outside."""

import pytest

from newsreader.kit.numbers import LARGEST_ID, read_id


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("77", 77), ("077", 77), (str(LARGEST_ID), LARGEST_ID)])
def test_digits_are_an_id(text, number):
    assert read_id(text) == number


@pytest.mark.parametrize("text", ["", "-1", "+7", " 7", "7 ", "1.0", "٧", "²", "x", str(LARGEST_ID + 1), "9" * 5_000])
def test_anything_else_is_none(text):
    assert read_id(text) is None
