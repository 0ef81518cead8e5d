"""What web processes leave out of libraries changes nothing that they do, and is there for whoever imports it."""

import os
import subprocess
import sys

import pytest

from newsreader.settings import BASE_DIR

SCHEMA = """
import hashlib, json, sys, django; {}; django.setup()
from newsreader.api import SchemaView
schema = SchemaView.generator_class().get_schema(public=True)
print(hashlib.sha256(json.dumps(schema, default=str, sort_keys=True).encode()).hexdigest(), len(schema["paths"]))
"""
LOG = """
import logging, django; {}; django.setup()
try:
    [][1]
except IndexError:
    logging.getLogger("comments").exception("It broke")
"""
FOUND = """
import django; {}; django.setup()
import charset_normalizer, requests, rich, django.contrib.postgres.fields, rest_framework.test
assert rest_framework.test.APIRequestFactory().get("/").path == "/"
print(requests.Session, rich.print.__module__, rest_framework.test.APIClient)
from allauth.mfa.webauthn.internal import auth, flows
from allauth.mfa.webauthn.internal.auth import begin_authentication
assert flows.auth.begin_authentication is auth.begin_authentication is begin_authentication
assert requests.compat.chardet.detect(b"caf\\xc3\\xa9 au lait") == dict(charset_normalizer.detect(b"caf\\xc3\\xa9 au lait"))
print(begin_authentication.__module__, charset_normalizer.__version__, hasattr(auth, "__path__"))
"""


def said(program, sparing, **more):
    sparing = "from newsreader.kit import sparing_imports; sparing_imports.import_libraries()" if sparing else "1"
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}} | {
        "DJANGO_SETTINGS_MODULE": "newsreader.settings", "ENV_FILES": "", "SECRET_KEY": "s" * 50,
        "DATABASE_URL": "sqlite://:memory:", **more,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", program.format(sparing)],
        cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout, done.stderr[-200:]


@pytest.mark.parametrize("program", [SCHEMA, FOUND], ids=["schema", "found"])
def test_sparing_imports_change_nothing(program):
    assert said(program, True) == said(program, False) != ("", "")


def test_a_traceback_for_people_is_the_same():
    lines = [said(LOG, sparing, DEBUG="on")[1].partition("Traceback")[2] for sparing in (True, False)]
    assert lines[0] == lines[1] != ""
