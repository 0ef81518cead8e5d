"""Hosts that readers may take for another's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsreader.kit.hosts import is_deceptive


@pytest.mark.parametrize(
    "host",
    [
        "\u0430pple.com", "xn--pple-43d.com", "\u0441\u043e\u0441\u043e.com", "p\u0430ypal.com", "goo\u0261le.com",
        "www.\u0430pple.com", "example.com\u2044evil.org", "ex\u0430mple.org", "\u0455\u0441\u043e\u0440\u0435.com",
    ],
)  # fmt: skip
def test_a_host_made_to_look_like_another_is_one(host):
    assert is_deceptive(host)


@pytest.mark.parametrize(
    "host",
    [
        "example.org", "bücher.example", "xn--bcher-kva.example", "straße.de", "münchen.de", "café.fr", "łódź.pl", "smørrebrød.dk",
        "пример.рф", "москва.рф", "例え.jp", "中国.cn", "한국.kr", "مثال.مصر", "xn--80ak6aa92e.xn--p1ai", "127.0.0.1", "",
    ],
)  # fmt: skip
def test_a_host_of_its_own_language_is_none(host):
    assert not is_deceptive(host)


@given(st.text(max_size=40))
def test_no_host_is_an_error(host):
    assert is_deceptive(host) in {True, False}
    assert is_deceptive(f"xn--{host}") in {True, False}


@given(
    st.from_regex(r"[a-z0-9-]{1,20}(\.[a-z0-9-]{1,10}){0,3}", fullmatch=True).filter(lambda host: "xn--" not in host)
)
def test_plain_letters_deceive_nobody(host):
    assert not is_deceptive(host)
