"""The rules of the house itself."""

import ast
import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from newsreader.settings import BASE_DIR

ROOMS = ("newsreader", "articles", "comments")
MODULES = [file for room in ROOMS for file in sorted((BASE_DIR / room).rglob("*.py"))]
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


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: str(file.relative_to(BASE_DIR)))
def test_every_module_opens_with_its_purpose(file):
    assert ast.get_docstring(ast.parse(file.read_text())), f"{file} does not say what it is for"


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: str(file.relative_to(BASE_DIR)))
def test_no_import_hides_inside_a_function(file):
    """A circle in disguise. Only `ready()` may: apps are not loaded before it."""
    functions = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)]
    hidden = [
        function.name
        for function in functions
        if function.name != "ready"
        and any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
    ]
    assert not hidden


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
    """At most 10 kB on the way, so that the form is alive on a slow line before anybody has read the article."""
    script = (BASE_DIR / "newsreader" / "static" / "reply.js").read_bytes()
    assert len(gzip.compress(script)) <= 10_000  # bytes
