"""Encrypted fields: read back, with an older key too, and by nobody else."""

import pytest

from newsreader.kit import field_keys

OLD, NEW = "old-" + "0123456789abcdef" * 2, "new-" + "0123456789abcdef" * 2


def test_a_value_is_read_back_and_cannot_be_seen(settings):
    settings.FIELD_KEYS = [NEW]
    text = field_keys.encrypt({"code": "ABC-DEF", "n": [1, None]})
    assert "ABC" not in text
    assert field_keys.decrypt(text) == {"code": "ABC-DEF", "n": [1, None]}


def test_an_older_key_still_reads_and_the_newest_writes(settings):
    settings.FIELD_KEYS = [OLD]
    text = field_keys.encrypt("x")
    settings.FIELD_KEYS = [NEW, OLD]
    again = field_keys.renewed(text)
    assert field_keys.decrypt(text) == "x"
    settings.FIELD_KEYS = [NEW]
    assert field_keys.decrypt(again) == "x"
    with pytest.raises(field_keys.Unreadable):
        field_keys.decrypt(text)


def test_a_site_without_keys_encrypts_and_can_be_given_some(settings):
    settings.FIELD_KEYS = []
    text = field_keys.encrypt("x")
    settings.FIELD_KEYS = [NEW]
    assert field_keys.decrypt(text) == "x"


@pytest.mark.parametrize("text", ["", "x", "gAAAAA", "ä"])
def test_what_was_changed_is_refused(settings, text):
    for read in (field_keys.decrypt, field_keys.renewed):
        with pytest.raises(field_keys.Unreadable):
            read(text)
