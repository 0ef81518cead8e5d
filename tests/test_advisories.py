"""The audit of dependencies: what a list of advisories says of the versions that are pinned."""

import json
import zipfile

import pytest
import requests

from tests import advisories


def advisory(number, package="django", **values):
    events = values.pop("events", [{"introduced": "5.2"}, {"fixed": "5.2.7"}])
    about = {
        "package": {"ecosystem": values.pop("ecosystem", "PyPI"), "name": package},
        "versions": values.pop("versions", []),
    }
    ranges = [{"type": "ECOSYSTEM", "events": events}]
    return {
        "id": f"GHSA-{number}",
        "aliases": [f"CVE-2026-{number}"],
        "summary": "It leaks.",
        "affected": [about | {"ranges": ranges}],
    } | values


@pytest.fixture
def audit(tmp_path, monkeypatch, capsys):
    def run(*listed, strict=False):
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            for entry in listed:
                archive.writestr(f"{entry['id']}.json", json.dumps(entry))
        monkeypatch.setenv("ADVISORIES", str(tmp_path / "all.zip"))
        monkeypatch.setattr(advisories, "pinned", lambda: {"django": {"5.2.6"}, "django-allauth": {"65.21.1"}})
        code = advisories.main(["--strict"] if strict else [])
        return code, capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("values", "is_known"),
    [
        ({}, True),
        ({"package": "Django_Allauth", "events": [{"introduced": "0"}]}, True),
        ({"events": [{"introduced": "0"}, {"last_affected": "5.2.6"}]}, True),
        ({"events": [], "versions": ["5.2.6"]}, True),
        ({"events": [{"introduced": "4.2"}, {"fixed": "4.2.25"}, {"introduced": "5.2"}, {"fixed": "5.2.7"}]}, True),
        ({"events": [{"introduced": "0"}, {"fixed": "5.2.6"}]}, False),
        ({"events": [{"introduced": "0"}, {"last_affected": "5.2.5"}]}, False),
        ({"events": [{"introduced": "5.2.7"}]}, False),
        ({"package": "requests", "events": [{"introduced": "0"}]}, False),
        ({"ecosystem": "npm"}, False),
        ({"withdrawn": "2026-11-01T00:00:00Z"}, False),
    ],
)
def test_an_advisory_is_about_the_versions_that_it_names_and_no_others(audit, values, is_known):
    code, said = audit(advisory(1, **values))

    assert ("CVE-2026-1" in said) == is_known
    assert code == 0


def test_what_is_known_is_said_with_the_mend_and_fails_where_that_is_asked_for(audit):
    code, said = audit(advisory(1), strict=True)

    assert (code, "django 5.2.6: GHSA-1 CVE-2026-1, fixed in 5.2.7. It leaks." in said) == (1, True)
    assert audit(strict=True)[0] == 0


def test_no_list_is_one_line_and_breaks_nothing(tmp_path, monkeypatch, capsys):
    def away(*args, **values):
        raise requests.ConnectionError("no network")

    monkeypatch.delenv("ADVISORIES", raising=False)
    monkeypatch.setattr(advisories, "KEPT", tmp_path / "advisories.zip")
    monkeypatch.setattr(advisories.requests, "get", away)

    assert (advisories.main([]), advisories.main(["--strict"])) == (0, 2)
    assert capsys.readouterr().err.count("\n") == 2
    (tmp_path / "advisories.zip").write_bytes(b"half of a zip")
    assert advisories.main([]) == 0


def test_every_package_that_is_pinned_is_audited():
    packages = advisories.pinned()

    assert {"django", "psycopg", "granian", "pytest", "uv"} <= packages.keys()
    assert all(versions for versions in packages.values())
