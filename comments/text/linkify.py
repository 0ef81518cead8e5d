"""Web and email addresses in plain text: where they begin and end, what they link to, and how they are shown.

Linear in the text: every expression can start at few places only or ends at the first character that it does not know.
"""

import html as entities
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

import nh3

from newsreader.kit.hosts import is_deceptive

# Characters that end an address, besides blanks: quotation marks, wide punctuation, invisible and direction marks.
_STOPS = (
    '\\x00-\\x20\\x7f-\\xa0"<>`\\\\«»‹›“”„「」『』【】《》（）。，、；：！？｜'
    "\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff"
)
_LETTER = rf"[^\s!-,./:-@\[-^{{-~…’‘–—{_STOPS}]"
_HOST = rf"(?![-_]){_LETTER}{{1,63}}+(?:\.{_LETTER}{{1,63}}+)*+(?!{_LETTER})"
LONGEST = 2_000  # characters from the host on; browsers have limits in this range, too
# No address with a user name before the host (`http://bank.example@evil.example`).
_ADDRESS = re.compile(
    rf"{_HOST}(?![^\s/?#@{_STOPS}]{{0,{LONGEST}}}+@)(?::\d{{1,5}}+)?(?P<rest>[/?#][^\s{_STOPS}]{{0,{LONGEST}}}+)?"
)
# What is before and after the `@` of such an address.
LOGIN = re.compile(rf"[^\s/?#@{_STOPS}]{{0,{LONGEST}}}+@[^\s{_STOPS}]{{0,{LONGEST}}}+")
_BRACKET = re.compile(r"[()\[\]{}]")
_OPENER = {")": "(", "]": "[", "}": "{"}
_TRAILING = "?!.,:;'*~([{…’‘"
# An email address can start only where a word starts, so that no run of letters is scanned twice.
_LOOSE = re.compile(
    r"(?<![A-Za-z0-9.+-])(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?://)"
    rf"|(?<![A-Za-z0-9.+-])(?P<login>[A-Za-z][A-Za-z0-9+.-]{{0,20}}+://{LOGIN.pattern})"
    rf"|(?<![\w.+\-/@])[Ww]{{3}}\.(?={_LETTER}{{1,63}}+\.{_LETTER})"
    # Not `git@host.example:path`, which is no address of a person.
    rf"|(?<![\w.+\-/@])[A-Za-z0-9][A-Za-z0-9_.+-]{{0,63}}+@(?P<host>{_HOST})(?!:[^\s{_STOPS}])"
)
# `.org`: at least two letters, the first not a digit.
_ENDING = re.compile(r"\.[^\W\d_][^.]+$")

# Already in the form that `href_of` would return, which takes ten times as long.
_SIMPLE = re.compile(r"(?:mailto:[A-Za-z0-9_.+-]++@)?+[A-Za-z0-9:/.?&=_#+~-]*+")
# Removes the href of a link that no browser could follow: port 99999, invalid punycode.
_followed = nh3.Cleaner(tags={"a"}, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"}, link_rel=None)
_ABSOLUTE = re.compile(r"https?://[^/?#]|mailto:[^@?]++@[^@]", re.IGNORECASE)
# For browsers, a backslash ends the host as a slash does.
_WITH_HOST = re.compile(
    r"(?P<scheme>https?://|mailto:)(?:(?P<person>[^/?#\\]*)@)?(?P<host>\[[0-9a-f:.]++\]|[^/?#:@\\]++)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_ENDS_HOST = re.compile(r"[/?#:@\\%\s]")
LONGEST_HOST = 253  # characters; encoding takes time quadratic in the length
_KEPT = "%;/?:@&=+$,-_.!~*'()#"  # kept in the rest of an address, besides letters and digits
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def addresses(text: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a plain text in order, each with its href if it is an address (else empty)."""
    done = position = 0
    while match := _LOOSE.search(text, position):
        start, position = match.span()
        if match["scheme"] and (login := LOGIN.match(text, position)):
            position = login.end()
            continue
        if match["login"]:
            continue
        if match["host"]:
            scheme, end = "mailto:", position if _ENDING.search(match["host"]) else None
        else:
            scheme, end = "" if match["scheme"] else "https://", address_end(text, position, text[start - 1 : start])
        if end is None:
            continue
        position = end
        href = href_of(scheme + text[start:end])
        if can_be_followed(href):
            yield text[done:start], ""
            yield text[start:end], href
            done = end
    yield text[done:], ""


def count(text: str) -> int:
    """Return an upper bound of the number of addresses in the text. Fast for texts without any."""
    if "://" not in text and "@" not in text and "www." not in text.lower():
        return 0
    return sum(1 for _ in _LOOSE.finditer(text))


def address_end(text: str, start: int, before: str) -> int | None:
    """Return the end of the address whose host begins at `start`; None if there is none or it is longer than LONGEST.

    Punctuation at the end, and closing brackets that were opened outside, are not part of the address; nor is an
    underscore at the end if the character `before` the address is one.
    """
    match = _ADDRESS.match(text, start)
    if match is None or match.end() - start > LONGEST:
        return None
    end = match.end()
    opened = []
    for bracket in _BRACKET.finditer(text, start, end):
        if bracket[0] not in _OPENER:
            opened.append(bracket[0])
        elif opened and opened[-1] == _OPENER[bracket[0]]:
            opened.pop()
        else:
            end = bracket.start()
            break
    trailing = _TRAILING + ("_" if before == "_" or match["rest"] is None else "")
    return start + len(text[start:end].rstrip(trailing))


def href_of(address: str) -> str:
    """Return the address in ASCII: punycode for the host, the rest percent-encoded, no user name before the host."""
    if _SIMPLE.fullmatch(address):
        return address
    match = _WITH_HOST.match(address)
    if match is None:
        return _quoted(address)
    scheme, person, host, rest = match.groups()
    before = f"{_quoted(person)}@" if person and scheme.lower() == "mailto:" else ""
    return f"{scheme}{before}{_ascii_host(host)}{_quoted(rest)}"


def _quoted(text: str) -> str:
    return _STRAY_PERCENT.sub("%25", quote(text, safe=_KEPT, errors="replace"))


def _ascii_host(host: str) -> str:
    """Return a host in punycode, folded as browsers do, unless a character like ℀ would then end the host early."""
    if host.startswith("["):
        return host
    folded = host if host.isascii() else unicodedata.normalize("NFKC", host).lower()
    if len(folded) > LONGEST_HOST or _ENDS_HOST.search(folded):
        return _quoted(host)
    labels = folded.replace("。", ".").split(".")
    return ".".join(
        _quoted(label) if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels
    )


def is_absolute(href: str) -> bool:
    """Say whether this is an http, https or mailto address with a host. For what `href_of` returns."""
    return _ABSOLUTE.match(href) is not None


def can_be_followed(href: str) -> bool:
    """Say whether this is absolute and a browser could follow it. For what `href_of` returns."""
    return is_absolute(href) and "href" in _followed.clean(f'<a href="{entities.escape(href)}">')


def deceptive_host(href: str) -> str:
    """Return the host, in punycode, if readers could take it for another; else empty. For what `href_of` returns."""
    if "xn--" not in href:
        return ""
    match = _WITH_HOST.match(href)
    return match["host"] if match and is_deceptive(match["host"]) else ""


def shown(address: str, href: str) -> str:
    """Return an address as readers see it: as typed, with a deceptive host in punycode."""
    host, typed = deceptive_host(href), _WITH_HOST.match(address) or _WITH_HOST.match(f"https://{address}")
    return address.replace(typed["host"], host, 1) if host and typed else address


def link(address: str, href: str, relation: str) -> str:
    """Return an address as a link in HTML."""
    words = entities.escape(shown(address, href), quote=False)
    return f'<a href="{entities.escape(href)}" rel="{relation}">{words}</a>'
