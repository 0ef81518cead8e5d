"""The rules of the house itself."""

import ast
import dataclasses
import gzip
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from newsreader.kit import events
from newsreader.settings import BASE_DIR
from tests.every import every, parsed

ROOMS = ("newsreader", "articles", "comments")
MODULES = [file for room in ROOMS for file in sorted((BASE_DIR / room).rglob("*.py"))]
# What is imported when it is needed, since most processes never do (tests/test_imports.py). The linter of imports sees
# these too, so no circle can hide here.
LATE = {
    "newsreader/accounts/allauth_internals.py": {"begin_passkey_sign_in", "sign_in_by_passkey", "verified_claims"},
    "newsreader/accounts/identities.py": {"take_over"},
    "newsreader/accounts/kept_answers.py": {"_again", "once_per_key"},
    "newsreader/apps.py": {"_check_pages"},
    "newsreader/front/versions_now.py": {"__init__"},
    "newsreader/kit/field_keys.py": {"_asked", "_derived", "_keys"},
    "newsreader/kit/images.py": {"_take_heif"},
    "newsreader/kit/postgresql/__init__.py": {"_sqlite"},
    "newsreader/kit/task_queue.py": {"enqueue", "take_others"},
    "newsreader/urls.py": {"_mails", "_providers"},
    "newsreader/front/preloading.py": {"_import_pages", "_make_pages", "_make_tables"},
    "newsreader/kit/log_lines.py": {"formatter"},
    "newsreader/transfer/web_imports.py": {"_work"},
    "articles/newsroom/publish_checks.py": {"_pictures_in_text"},
    "articles/public/embedding.py": {"_xml"},
    "comments/listeners.py": {"count_hits", "confirm_subscriptions"},
    "comments/models/comment.py": {"write"},
}
WRITTEN = [file for file in MODULES if "migrations" not in file.parts and file.read_text().strip()]


def test_the_floors_hold_and_there_is_no_circle():
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=BASE_DIR,
        env=os.environ | {"PYTHONPATH": str(BASE_DIR), "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout


@every(WRITTEN)
def test_every_module_opens_with_its_purpose(file):
    assert ast.get_docstring(parsed(file)), f"{file} does not say what it is for"


@every(WRITTEN)
def test_no_import_hides_inside_a_function(file):
    """A circle in disguise. Only `ready()` may, since apps are not loaded before it, and what `LATE` names."""
    functions = [node for node in ast.walk(parsed(file)) if isinstance(node, ast.FunctionDef)]
    hidden = [
        function.name
        for function in functions
        if function.name != "ready"
        and any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
    ]
    assert set(hidden) == LATE.get(str(file.relative_to(BASE_DIR)), set())


def test_every_event_has_somebody_who_listens():
    told = [
        cls
        for room in ("newsreader.accounts", "comments")
        for cls in vars(importlib.import_module(f"{room}.events")).values()
        if dataclasses.is_dataclass(cls)
    ]
    assert told
    assert [event.__name__ for event in told if not events._listeners[event]] == []


def test_no_event_hides_elsewhere():
    files = {str(file.relative_to(BASE_DIR)) for file in MODULES if file.name == "events.py"}
    assert files == {"newsreader/kit/events.py", "newsreader/accounts/events.py", "comments/events.py"}


ADAPTER = BASE_DIR / "newsreader" / "accounts" / "allauth_internals.py"
SPARING = BASE_DIR / "newsreader" / "kit" / "sparing_imports.py"


def of_allauth(file: Path) -> Iterator[str]:
    """Yield what a module takes of allauth, as dotted names: by importing it, or by naming it in a string."""
    for node in ast.walk(parsed(file)):
        match node:
            case ast.Import(names=names):
                found = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), names=names):
                found = [f"{module}.{alias.name}" for alias in names]
            case ast.Constant(value=str(text)) if re.fullmatch(r"[\w.]+", text):
                found = [text]
            case _:
                continue
        yield from (name for name in found if name.split(".")[0] == "allauth")


def is_internal(name: str) -> bool:
    """Say whether the library keeps this to itself. Flows live in its internal packages, and are exported by some."""
    return any(part in {"internal", "flows"} or part.startswith("_") for part in name.split("."))


@every(WRITTEN)
def test_what_is_internal_to_allauth_is_imported_by_one_module_only(file):
    """So that a new version of the library is one file to look at, which gives out functions of our own alone.

    Another names what is to be imported later; a test of its own finds it there (tests/kit/test_sparing_imports.py).
    """
    assert file in {ADAPTER, SPARING} or not [name for name in of_allauth(file) if is_internal(name)]

    ours = {node.name for node in parsed(ADAPTER).body if isinstance(node, ast.FunctionDef)}
    tree = parsed(file)
    taken = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "newsreader.accounts.allauth_internals"
        for alias in node.names
    } | {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "allauth_internals"
    }
    assert taken <= ours


def test_the_module_for_what_is_internal_to_allauth_holds_nothing_that_is_unused():
    ours = {node.name for node in parsed(ADAPTER).body if isinstance(node, ast.FunctionDef)}
    elsewhere = "".join(file.read_text() for file in WRITTEN if file != ADAPTER)
    assert {name for name in ours if f"allauth_internals.{name}(" not in elsewhere} == set()


def test_page_versions_are_counted_in_one_module():
    """Who changes what a page shows calls it; a version set by hand is one that somebody else forgets."""
    elsewhere = [file for file in WRITTEN if file.name != "page_versions.py" and _writes(file, "page_version")]
    assert elsewhere == []


def _writes(file, name):
    """Say whether a module sets this attribute or names it as a column; a field's definition does neither."""
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.ctx, ast.Store):
            return True
        if isinstance(node, ast.keyword) and node.arg == name:
            return True
        if isinstance(node, ast.Constant) and node.value == name:
            return True
    return False


def test_articles_limits_and_comments_are_locked_in_one_module():
    """The order of locks is written there, once: whoever locks by themselves may do it the other way round."""
    shared = {"Article", "Comment", "RateLimit"}
    rooms = [file for file in WRITTEN if "comments" in file.parts and file.name != "locks.py"]
    assert [file for file in rooms if _tables_locked(file) & shared] == []


def _tables_locked(file):
    """The names that chains with `.select_for_update` begin with."""
    found = set()
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Attribute) and node.attr == "select_for_update":
            while isinstance(node, ast.Attribute | ast.Call):
                node = node.value if isinstance(node, ast.Attribute) else node.func
            found.add(getattr(node, "id", ""))
    return found


def test_the_bounds_of_an_id_are_written_in_one_module():
    """Else one edge takes a number that another refuses, or that no database can hold."""
    bounds = re.compile(r"2 ?\*\* ?63|1 ?<< ?63|9_?223_?372|isdigit\(\) and len\([^)]+\) <=? ?(18|19|20)\b")
    assert [file.name for file in WRITTEN if bounds.search(file.read_text())] == ["numbers.py"]


def test_a_form_that_is_shown_and_taken_is_answered_in_one_way():
    """Its methods, its status after a refusal, and when to try again (`kit.web`, `kit.errors`)."""
    by_hand = re.compile(
        r'"Retry-After"\] = str\(refusal|refusal\.retry_after|"GET", "HEAD", "POST"|refusal\.status if refusal'
    )
    found = [str(file.relative_to(BASE_DIR)) for file in WRITTEN if by_hand.search(file.read_text())]
    # The desk's page stands in the admin's frame.
    assert sorted(found) == ["comments/desk/queue_views.py", "newsreader/kit/web.py"]


@every(WRITTEN)
def test_nothing_frozen_is_written_to_and_no_attribute_read_for_its_effect(file):
    tree = list(ast.walk(parsed(file)))
    names = {node.attr for node in tree if isinstance(node, ast.Attribute)}
    for_effect = [node.lineno for node in tree if isinstance(node, ast.Expr) and isinstance(node.value, ast.Attribute)]
    assert names & {"__dict__", "__setattr__"} == set()
    assert for_effect == []


def test_every_setting_is_explained():
    settings = (BASE_DIR / "newsreader" / "settings.py").read_text()
    names = set(re.findall(r'(?:read\(\s*|environ\.get\()"([A-Z_]+)"', settings))
    explained = (BASE_DIR / "docs" / "operating.md").read_text()
    assert names
    assert {name for name in names if f"`{name}`" not in explained} == set()


def test_models_and_migrations_agree(db):
    from django.core.management import call_command

    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_what_a_guest_loads_for_the_form_stays_small():
    """At most 10 KiB on the way, so that the form is alive on a slow line before anybody has read the article."""
    scripts = [(BASE_DIR / "newsreader" / "static" / name).read_bytes() for name in ("page.js", "reply.js")]
    assert sum(len(gzip.compress(script)) for script in scripts) <= 10 * 1024  # bytes


def test_make_help_names_every_command():
    makefile = (BASE_DIR / "Makefile").read_text()
    commands = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split()
    told = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=BASE_DIR, capture_output=True, text=True, check=True
    ).stdout

    assert [line.split()[0] for line in told.splitlines()] == commands
    assert all(len(line.split()) > 3 for line in told.splitlines())


def test_benchmarks_take_nothing_from_the_suite_s_fixtures():
    """They choose settings of their own, while the fixtures want those of the suite."""
    files = sorted((BASE_DIR / "tests" / "bench").glob("*.py"))
    assert files
    assert [
        file.name for file in files if re.search(r"tests\.(conftest|databases|settings) import", file.read_text())
    ] == []
