"""A database of its own for a script of this folder, and the settings of a site over it.

Import it before anything else of ours: it points this process at that database, so that what the site's processes did
can be looked at with the site's own models. On PostgreSQL where DATABASE_URL says so, beside the database it names;
else SQLite in a temporary folder. Both go when the process ends. Who has migrated a database of the same kind names it
in SCRATCH_TEMPLATE, and it is copied.
"""

import atexit
import os
import shutil
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import django
import psycopg
from django.core.management import call_command
from django.db import connections

KEPT = ("PATH", "HOME", "LANG", "REDIS_URL")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


os.umask(0o077)  # A site refuses to start with a database that others may read.
HOME = Path(tempfile.mkdtemp(prefix="newsreader-"))
PORT = free_port()
_given = urlsplit(os.environ.get("DATABASE_URL", ""))
_name = f"{_given.path.strip('/')}_scratch_{os.getpid()}"
_on_postgres = _given.scheme in {"postgres", "postgresql"}

ENVIRONMENT = {name: os.environ[name] for name in KEPT if name in os.environ} | {
    "ENV_FILES": "",
    "SECRET_KEY": "only-for-the-bench-" + "b" * 50,
    "PORT": str(PORT),
    "TRUSTED_PROXY_COUNT": "1",  # Whoever posts says where from: the bench plays all the networks of the world.
    "STAFF_SECOND_FACTOR": "off",
    "DATABASE_URL": _given._replace(path=f"/{_name}").geturl() if _on_postgres else f"sqlite:///{HOME}/site.sqlite3",
    "DJANGO_SETTINGS_MODULE": "newsreader.settings",
    "PYTHONUNBUFFERED": "1",
}


def _run_beside(statement: str) -> None:
    with psycopg.connect(_given.geturl(), autocommit=True, connect_timeout=10) as connection:
        connection.execute(statement)


def _remove() -> None:
    connections.close_all()
    shutil.rmtree(HOME, ignore_errors=True)
    if _on_postgres:
        with suppress(psycopg.Error):
            _run_beside(f'DROP DATABASE IF EXISTS "{_name}" WITH (FORCE)')


_template = os.environ.get("SCRATCH_TEMPLATE")
if _on_postgres:
    _run_beside(f'CREATE DATABASE "{_name}"' + (f' TEMPLATE "{_template}"' if _template else ""))
elif _template:
    shutil.copyfile(_template, HOME / "site.sqlite3")
atexit.register(_remove)
os.environ.clear()
os.environ.update(ENVIRONMENT)
django.setup()
call_command("migrate", verbosity=0, interactive=False)
call_command("createcachetable", verbosity=0)
