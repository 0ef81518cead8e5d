"""Email addresses as keyboards write them."""

import pytest

from newsreader.kit.email_addresses import as_sent, mailbox, tidy_email, why_not

NOT_ONE = "This is not an email address. Example: name@example.org"


@pytest.mark.parametrize(
    "typed",
    [
        "nora＠example.org",
        "nora@example。org",
        "ｎｏｒａ＠ｅｘａｍｐｌｅ．ｏｒｇ",
        "nora@example｡org",
        " nora@example.org. ",
        "nora @ example.org",
        "<nora@example.org>",
        "mailto:nora@example.org",
        "no\u200bra@example.org\u2069",
    ],
)
def test_an_address_is_read_as_keyboards_write_it(typed):
    assert tidy_email(typed) == "nora@example.org"


@pytest.mark.parametrize(
    "address", ["nora@example.org", "n.o+r_a@bücher.example", "nora@例え.テスト", f"{'n' * 64}@example.org"]
)
def test_an_address_that_mail_can_reach_is_left_alone(address):
    assert (tidy_email(address), why_not(address)) == (address, "")


@pytest.mark.parametrize(
    "typed",
    [
        "nora", "nora@", "@example.org", "nora@localhost", "a b@example.org", "no@ra@example.org",
        f"{'n' * 65}@example.org", "nora@[192.0.2.1]", "nora@[IPv6:2001:db8::1]",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(typed):
    assert why_not(tidy_email(typed)) == NOT_ONE


def test_an_address_with_a_letter_that_mail_does_not_carry_is_refused_in_words_that_say_why():
    assert why_not("josé@example.org") == (
        "We cannot send email to an address with “é” before the @. Please use another one."
    )


@pytest.mark.parametrize(
    ("address", "sent", "lies_in"),
    [
        ("Ann@Example.org.", "ann@example.org", "ann@example.org"),
        ("ann+news@example.org", "ann+news@example.org", "ann@example.org"),
        ("+news@example.org", "+news@example.org", "+news@example.org"),
        ('"ann"@example.org', "ann@example.org", "ann@example.org"),
        (r'"a\n\n"@example.org', "ann@example.org", "ann@example.org"),
        ("ann@exämple.org", "ann@xn--exmple-cua.org", "ann@xn--exmple-cua.org"),
        ("ann@.", "ann@", "ann@"),
        ("", "@", "@"),
    ],
)
def test_addresses_are_equal_where_mail_goes_to_one_place(address, sent, lies_in):
    assert (as_sent(address), mailbox(address)) == (sent, lies_in)
