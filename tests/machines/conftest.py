"""Servers and sites that these tests share: making one takes seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import clusters
from tests.clusters import Cluster, servers_folder
from tests.hosts import environment, manage

DATABASE = "newsreader"


@pytest.fixture(scope="session")
def primary() -> Iterator[Cluster]:
    """A PostgreSQL server of one's own, with the database of a site that holds the demonstration."""
    if clusters.BINARIES is None:
        pytest.skip("PostgreSQL's own programs are not installed (Debian: apt-get install postgresql)")
    with servers_folder() as folder:
        server = Cluster.made(folder / "primary")
        try:
            server.ask(f"CREATE DATABASE {DATABASE}")
            env = environment(DATABASE_URL=server.url(DATABASE), SITE_URL="http://127.0.0.1")
            manage(env, "migrate", "--noinput", "-v0")
            manage(env, "createcachetable")
            manage(env, "load_demo", "-v0")
            yield server
        finally:
            server.stop()
