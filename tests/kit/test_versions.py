"""ETags of one thing: what compression adds is no other version, and everything else is."""

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from newsreader.kit.errors import VersionConflict
from newsreader.kit.versions import etag_of, refuse_stale, versions_wanted, without_encodings

THIRD = etag_of("article-7", 3, b"shown")
OPAQUE = THIRD.strip('"')


def wanted(header, version=None, thing="article-7"):
    request = RequestFactory().patch("/", headers={} if header is None else {"If-Match": header})
    return versions_wanted(request, thing, version)


@pytest.mark.parametrize(
    "sent",
    [
        THIRD, f"W/{THIRD}", f'"{OPAQUE}-gzip"', f'"{OPAQUE};gzip"', f'"{OPAQUE}--gzip"', f'W/"{OPAQUE}-br"',
        f'"{OPAQUE}-zstd"', f'{THIRD}-gzip', f'"other", {THIRD}',
    ],
)  # fmt: skip
def test_what_a_proxy_makes_of_an_etag_is_the_same_version(sent):
    assert wanted(sent) == {3}
    assert THIRD in without_encodings(sent)


@pytest.mark.parametrize("sent", ['"', "", '"x"', OPAQUE, THIRD.replace("-7", "-8"), THIRD.replace(".3.", ".x."), ","])
def test_what_is_no_etag_of_the_thing_names_no_version(sent):
    assert wanted(sent) == frozenset()
    with pytest.raises(VersionConflict):
        refuse_stale(3, wanted(sent))


def test_a_header_and_a_body_must_agree_and_without_either_any_version_will_do():
    assert wanted(None) is wanted("*") is None
    assert (wanted(None, 3), wanted("*", 3), wanted(THIRD, 3)) == ({3}, {3}, {3})
    assert wanted(THIRD, 4) == frozenset()
    refuse_stale(3, None)


@given(st.text(), st.integers(1, 10**9), st.binary())
def test_any_header_is_read_and_an_etag_leads_back_to_its_version(header, version, shown):
    assert wanted(etag_of("comment-1", version, shown), thing="comment-1") == {version}
    without_encodings(header)
