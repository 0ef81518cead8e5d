"""The lists of attacks, read by folder and format and never copied. A file that nobody has seen yet is read like its kin.

Folders say what a string is meant as (`url`, `email`, `redirect`, `xml` …), the ending how it is written: `.txt`, `.md`,
`.conf` a string a line; `.jsonl`, `.json` rows with the string in the first field of FIELDS that is there; `.xml`, `.svg`
the whole file; `email/*.xml` the addresses in it; `http/*.jsonl.gz` requests.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.machine import SHARED

ATTACKS = SHARED / "data" / "attacks"
FIELDS = ("v", "input", "markdown", "text", "uri", "url")
SAMPLE = 1  # of each list
LONGEST_TEXT = 10_000  # characters
LINES = {".txt", ".md", ".conf"}
FILES = {".xml", ".svg", ".html", ".xhtml"}


@dataclass(frozen=True)
class Attack:
    """One string, the list it is from, and everything that its row says."""

    text: str
    list: str
    row: dict[str, Any] = field(default_factory=dict, compare=False, hash=False)

    @property
    def harmless(self) -> bool:
        return "attack" in self.row and not self.row["attack"]


def require() -> None:
    if not ATTACKS.is_dir():
        pytest.skip(f"needs the lists of {SHARED.name}/data/attacks/ beside the checkout")


def files(*folders: str) -> list[Path]:
    """Return the files of these folders, or of all; SOURCES.md and other words about them left out."""
    found = [path for path in sorted(ATTACKS.rglob("*")) if path.is_file()]
    found = [path for path in found if not path.name.startswith(("EXPECTED", "SOURCES", "README", "."))]
    return [path for path in found if not folders or _folder(path) in folders]


def _folder(path: Path) -> str:
    return path.relative_to(ATTACKS).parts[0]


def name_of(path: Path) -> str:
    """Return the name of its list; files that are one attack each are a list together."""
    name = path.relative_to(ATTACKS)
    return str(name.parent / f"*{path.suffix}") if path.suffix in FILES and _folder(path) != "email" else str(name)


def _kind(path: Path) -> str:
    return path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix


def _content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@cache
def attacks(path: Path) -> tuple[Attack, ...]:
    """Return the strings of one file, each once, in its order."""
    name, content = name_of(path), _content(path).decode("utf-8", "replace")
    kind = _kind(path)
    if _folder(path) == "email" and kind == ".xml":
        found = _addresses(name, content)
    elif kind == ".jsonl":
        found = _rows(name, (json.loads(line) for line in content.splitlines() if line.strip()))
    elif kind == ".json":
        found = _rows(name, _lenient(content))
    elif kind in LINES:
        found = (Attack(line, name) for line in content.split("\n"))
    else:
        found = iter([Attack(content, name)])
    return tuple(dict.fromkeys(attack for attack in found if attack.text))


_STRING_OR = r'(?s)("(?:[^"\\]|\\.)*")|%s'


def _lenient(content: str) -> Any:
    """JSON in which comments and commas too many may stand, as some suites have them."""
    try:
        return json.loads(content)
    except ValueError:
        bare = re.sub(_STRING_OR % r"/\*.*?\*/|//[^\n]*", lambda found: found[1] or "", content)
        return json.loads(re.sub(_STRING_OR % r",(?=\s*[}\]])", lambda found: found[1] or "", bare))


def _rows(name: str, rows: Iterable[Any]) -> Iterator[Attack]:
    for row in rows:
        if isinstance(row, str):
            yield Attack(row, name)
        elif isinstance(row, dict):
            if "prefix_unit" in row:
                built = row["prefix_unit"] * row["repeat"] + row["middle"] + row["suffix_unit"] * row["repeat"]
                yield Attack(built, name, row)
            key = next((key for key in FIELDS if isinstance(row.get(key), str)), None)
            if key:
                yield Attack(row[key], name, row)


def _addresses(name: str, content: str) -> Iterator[Attack]:
    """Addresses with their categories; the pictures of control characters stand for those."""
    for test in ElementTree.fromstring(content).iter("test"):
        address = test.findtext("address") or ""
        address = "".join(chr(ord(c) - 0x2400) if 0x2400 <= ord(c) <= 0x241F else c for c in address)
        yield Attack(address, name, {"category": test.findtext("category") or ""})


def everything(attacks: Iterable[Attack]) -> list[Attack]:
    """Return all of them; with ATTACK_MOST=100 in the environment a hundred of each list."""
    most = os.environ.get("ATTACK_MOST", "")
    return some(attacks, int(most)) if most else list(attacks)


def sample(attacks: Iterable[Attack]) -> list[Attack]:
    return some(attacks, SAMPLE)


def some(attacks: Iterable[Attack], most: int) -> list[Attack]:
    """Return so many strings of each list, always the same: those whose hashes are the smallest."""
    kept: dict[str, list[Attack]] = {}
    for attack in attacks:
        kept.setdefault(attack.list, []).append(attack)
    return [attack for those in kept.values() for attack in sorted(those, key=_hash)[:most]]


def _hash(attack: Attack) -> str:
    return hashlib.sha256(attack.text.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def texts() -> tuple[Attack, ...]:
    """Return every string of every list as a text; bombs and files as long as a text may be, domains many in one."""
    return tuple(_texts())


def _texts() -> Iterator[Attack]:
    for path in files():
        found, name = attacks(path), name_of(path)
        if _kind(path) == ".conf":  # Thousands of harmless names: forty in a text.
            lines = [attack.text for attack in found]
            found = tuple(Attack(" ".join(lines[at : at + 40]), name) for at in range(0, len(lines), 40))
        links = _folder(path) in {"url", "redirect"} or ("ssrf" in path.name and _kind(path) in LINES)
        for attack in found:
            yield Attack(attack.text[:LONGEST_TEXT], name, attack.row)
            if links:
                yield Attack(f"[here]({attack.text}) or {attack.text}", name)
            if data := attack.row.get("data"):
                yield Attack(str(data)[:LONGEST_TEXT], name, attack.row)


def of(*folders: str) -> list[Attack]:
    """Return the strings of these folders."""
    return [attack for path in files(*folders) for attack in attacks(path)]


def requests() -> list[Attack]:
    """Return the rows of http/ that are whole requests, those with equal addresses as well."""
    rows = [
        Attack(row.get("uri") or "", name_of(path), row)
        for path in files("http")
        for row in map(json.loads, _content(path).decode().splitlines())
    ]
    return [attack for attack in rows if "method" in attack.row]


def named(word: str) -> list[Attack]:
    """Return the strings of the lists whose names hold this word."""
    return [attack for path in files() if word in path.name and _kind(path) in LINES for attack in attacks(path)]
