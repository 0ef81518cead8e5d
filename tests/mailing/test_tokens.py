"""The token of an address: one for each, that of A never opens B, and it survives a change of the secret key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsreader.mailing.tokens import address_of, token_for


@given(st.emails())
def test_a_token_says_whose_it_is_whatever_the_case(address):
    assert address_of(token_for(address)) == address.lower()
    assert token_for(address) == token_for(address.upper().lower())


@given(st.emails(), st.integers(0, 10_000), st.characters(codec="ascii", categories=["L", "N"]))
def test_a_token_that_was_changed_is_nobodys(address, at, other):
    token = token_for(address)
    at %= len(token)
    changed = token[:at] + other + token[at + 1 :]
    # The last character of base64 holds bits that nothing is made of.
    assert changed == token or address_of(changed) in {None, address.lower()}


@pytest.mark.parametrize("text", ["", "x", "x:y", "\0", "é", "a" * 100_000, token_for("a@example.org") + "x"])
def test_whatever_is_no_token_is_nobodys(text):
    assert address_of(text) is None


def test_two_addresses_that_differ_only_in_accents_are_two():
    assert token_for("ada@müller.example") != token_for("ada@muller.example")


def test_an_older_key_still_reads_them(settings):
    token = token_for("ada@example.org")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "n" * 60

    assert address_of(token) == "ada@example.org"
