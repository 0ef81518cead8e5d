"""Known vulnerabilities of the packages in requirements/: `make audit` compares them with a list of advisories.

The list is the export of https://osv.dev for PyPI: one archive, so nobody is told what runs here, and a copy will do
where there is no network (ADVISORIES=/path/all.zip). Format: https://ossf.github.io/osv-schema/
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import requests
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

BASE = Path(__file__).resolve().parent.parent
LIST = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"
KEPT = BASE / "var" / "advisories.zip"
FRESH = 24 * 3600  # seconds that a fetched list is used
MOST_SECONDS, MOST_BYTES = 45, 300_000_000  # of fetching it
NEEDED = ("run.txt", "dev.txt", "tools.txt")


class Found(NamedTuple):
    """A package that an advisory is about, with the first versions that are not affected."""

    package: str
    version: str
    advisory: str
    fixed: tuple[str, ...]
    summary: str


class NoList(Exception):
    """There is no list of advisories; its text says why."""


def pinned(folder: Path = BASE / "requirements") -> dict[str, set[str]]:
    """Return the versions that are required of each package."""
    found: dict[str, set[str]] = {}
    for name in NEEDED:
        for package, version in re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;\\]+)", (folder / name).read_text(), re.M):
            found.setdefault(canonicalize_name(package), set()).add(version)
    return found


def fetched() -> Path:
    """Return the list: that of the environment, or a fresh one. Raises NoList."""
    if given := os.environ.get("ADVISORIES"):
        if not Path(given).is_file():
            raise NoList(f"there is no file {given}")
        return Path(given)
    if KEPT.is_file() and time.time() - KEPT.stat().st_mtime < FRESH:
        return KEPT
    ends, partial = time.monotonic() + MOST_SECONDS, KEPT.with_suffix(f".{os.getpid()}")
    try:
        KEPT.parent.mkdir(exist_ok=True)
        with requests.get(LIST, stream=True, timeout=10) as answer, partial.open("wb") as file:
            answer.raise_for_status()
            for chunk in answer.iter_content(1 << 20):
                file.write(chunk)
                if time.monotonic() > ends or file.tell() > MOST_BYTES:
                    raise NoList("it took too long")
        partial.replace(KEPT)
    except (requests.RequestException, OSError) as error:
        raise NoList(type(error).__name__) from None
    finally:
        partial.unlink(missing_ok=True)
    return KEPT


def known(advisories: Path, packages: dict[str, set[str]]) -> list[Found]:
    """Return what the list says of these packages. Raises NoList where it is none."""
    found = []
    try:
        with zipfile.ZipFile(advisories) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    found += _about(archive.read(name), packages)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise NoList(f"{advisories} cannot be read: {error}") from None
    return sorted(set(found))


_NAME = re.compile(rb'"name":\s*"([\w.-]+)"')


def _about(raw: bytes, packages: dict[str, set[str]]) -> Iterator[Found]:
    if not any(canonicalize_name(name.decode()) in packages for name in _NAME.findall(raw)):
        return  # Nearly all: they need not be parsed.
    advisory: dict[str, Any] = json.loads(raw)
    if advisory.get("withdrawn"):
        return
    named = " ".join([advisory["id"], *(each for each in advisory.get("aliases", []) if each.startswith("CVE-"))])
    for affected in advisory.get("affected", []):
        package = affected.get("package", {})
        name = canonicalize_name(package.get("name", ""))
        if package.get("ecosystem") == "PyPI":
            for version in packages.get(name, ()):
                if _is_affected(affected, version):
                    yield Found(name, version, named, _fixes(affected, version), advisory.get("summary", ""))


def _ranges(affected: dict[str, Any]) -> Iterator[list[dict[str, str]]]:
    return (each["events"] for each in affected.get("ranges", []) if each.get("type") in {"ECOSYSTEM", "SEMVER"})


def _is_affected(affected: dict[str, Any], text: str) -> bool:
    """Say whether a version is listed, or lies in a range: the last event up to it decides."""
    if text in affected.get("versions", []):
        return True
    version = _version(text)
    for events in _ranges(affected):
        inside = False
        for event in sorted(events, key=lambda event: _version(next(iter(event.values())))):
            for what, at in event.items():
                if what == "introduced" and version >= _version(at):
                    inside = True
                elif (what == "fixed" and version >= _version(at)) or (
                    what == "last_affected" and version > _version(at)
                ):
                    inside = False
        if inside:
            return True
    return False


def _fixes(affected: dict[str, Any], version: str) -> tuple[str, ...]:
    fixes = {event["fixed"] for events in _ranges(affected) for event in events if "fixed" in event}
    return tuple(sorted((fix for fix in fixes if _version(fix) > _version(version)), key=_version))


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


def main(arguments: list[str]) -> int:
    """Say what is known. Exit code 1 with --strict if anything is, 2 if there is no list; otherwise 0."""
    parser = argparse.ArgumentParser(prog="make audit", description=main.__doc__)
    parser.add_argument("--strict", action="store_true")
    strict = parser.parse_args(arguments).strict
    try:
        packages = pinned()
        found = known(fetched(), packages)
    except NoList as why:
        sys.stderr.write(f"Dependencies were not audited: the list of advisories cannot be had ({why}).\n")
        return 2 if strict else 0
    for each in found:
        mend = f", fixed in {', '.join(each.fixed)}" if each.fixed else ", not fixed yet"
        sys.stderr.write(f"WARNING: {each.package} {each.version}: {each.advisory}{mend}. {each.summary}\n")
    sys.stderr.write(f"{len(packages)} packages audited, {len(found)} known vulnerabilities.\n")
    return 1 if found and strict else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
