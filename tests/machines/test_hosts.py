"""Two hosts that serve and two that work, over one PostgreSQL, one Redis and one bucket."""

from __future__ import annotations

import io
import json
import re
import shutil
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from uuid import uuid4

import boto3
import pytest
from PIL import Image

from tests.clusters import free_port
from tests.hosts import Host, Process, environment, manage, until
from tests.machines.conftest import DATABASE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="Redis is not installed: apt-get install redis"),
    pytest.mark.skipif(find_spec("moto") is None, reason="moto, which plays S3, is not installed"),
]

SIGN_IN = (
    "from django.test import Client; from newsreader.accounts.models import User; client = Client();"
    "client.force_login(User.objects.get(username='editor')); print(client.cookies['sessionid'].value)"
)


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    """A Redis and an S3 of one's own; yields their addresses."""
    folder, redis, bucket = tmp_path_factory.mktemp("services"), free_port(), free_port()
    started = [
        subprocess.Popen([*command, str(port)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for port, command in {
            redis: ["redis-server", "--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--port"],
            bucket: [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p"],
        }.items()
    ]
    try:
        for port in (redis, bucket):
            until(lambda port=port: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "a service did not start")
        yield f"redis://127.0.0.1:{redis}/0", f"127.0.0.1:{bucket}"
    finally:
        for process in started:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def site(primary, services, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    redis, bucket = services
    s3 = boto3.client(
        "s3", endpoint_url=f"http://{bucket}", aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1"
    )
    s3.create_bucket(Bucket="media")
    env = environment(
        DATABASE_URL=primary.url(DATABASE),
        REDIS_URL=redis,
        STORAGE_URL=f"s3+http://k:s@{bucket}/media",
        EMAIL_URL=f"filemail:///{folder}/mails",
        SITE_URL="http://news.example",
        TRUSTED_PROXY_COUNT="1",
    )
    port = free_port()
    one = Host(env, "127.0.0.2", port, folder / "one.log", "--no-worker")
    other = Host(env, "127.0.0.3", port, folder / "other.log", "--no-worker")
    workers = [Process(env, ["work"], folder / f"worker-{number}.log") for number in (1, 2)]
    until(lambda: one.get("/readyz").status == 200 == other.get("/readyz").status, "no worker")
    yield one, other, env, folder, s3
    for process in (one, other, *workers):
        process.stop()


@pytest.fixture(scope="module")
def editor(site):
    """The cookies of an editor who has signed in."""
    return {"sessionid": manage(site[2], "shell", "-v0", "-c", SIGN_IN).strip().split()[-1], "csrftoken": "c" * 32}


@pytest.fixture(scope="module")
def article(site, primary):
    """The address and the number of an article with few comments, all of which are on its first page."""
    quietest = "SELECT id FROM articles_article WHERE state = 'published' AND kind = 'article' AND takes_comments AND root_count BETWEEN 1 AND 8 ORDER BY id LIMIT 1"
    (number,) = primary.ask(quietest, DATABASE)[0]
    url = json.loads(site[0].get(f"/api/v1/articles/{number}/").body)["url"]
    return url.removeprefix("http://news.example"), number


def post(host, article, text, sender):
    """Leave a reply as a guest; return the answer, and the number of the comment."""
    fields = {"text": text, "name": "Nora", "email": f"{uuid4().hex}@example.org"}
    body = "&".join(f"{name}={value}" for name, value in fields.items()).replace(" ", "+").encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": sender}
    answer = host.ask("POST", f"/articles/{article[1]}/reply/", body, headers)
    found = re.search(r"/comments/(\d+)/", answer.headers.get("Location", ""))
    return answer, int(found[1]) if found else 0


def approve(host, editor, number):
    answer = host.post_json(f"/api/v1/comments/{number}/decisions/", {"status": "approved"}, editor)
    assert answer.status in {200, 201}, answer.text


def test_a_comment_posted_on_one_host_and_approved_on_the_other_is_on_the_first_a_second_later(site, editor, article):
    one, other, *_ = site
    for turn, (here, there) in enumerate([(one, other), (other, one)]):
        words = f"Said on one host {uuid4().hex}"
        answer, number = post(here, article, words, f"192.0.2.{turn + 1}")
        assert answer.status == 303
        assert words not in here.get(article[0]).text
        assert words in there.get(answer.headers["Location"].replace("http://news.example", "")).text
        approve(there, editor, number)
        time.sleep(1)
        assert words in here.get(article[0]).text
        assert words in there.get(article[0]).text
        assert here.get(article[0]).headers["ETag"] == there.get(article[0]).headers["ETag"]


def test_who_is_signed_in_is_so_on_both(site, editor):
    for host in site[:2]:
        assert host.get("/api/v1/me/", editor).status == 200


def test_limits_count_on_both(site, article):
    one, other, *_ = site
    answers = [post(host, article, f"Once more {uuid4().hex}", "198.51.100.7")[0].status for host in (one, other) * 2]
    assert answers == [303, 303, 303, 429]


def test_a_picture_uploaded_on_one_host_is_shown_by_the_other(site, primary, editor):
    one, other, *_, s3 = site
    file = io.BytesIO()
    Image.new("RGB", (1200, 800), "teal").save(file, "JPEG")
    edge = "----edge"
    texts = {"csrfmiddlewaretoken": "c" * 32, "alternative_text": "A harbour", "caption": "", "credit": ""}
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in texts.items()
    ]
    parts.append(f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="mole.jpg"\r\n\r\n')
    body = "".join(parts).encode() + file.getvalue() + f"\r\n--{edge}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={edge}", "Origin": "http://news.example"}

    assert one.ask("POST", "/admin/articles/picture/add/", body, kind, editor).status == 302

    ((name, *_),) = primary.ask("SELECT file FROM articles_picture ORDER BY id DESC LIMIT 1", DATABASE)
    shown = other.get(f"/media/{name}")
    assert shown.status == 200
    assert Image.open(io.BytesIO(shown.body)).size == (1200, 800)
    assert name in {entry["Key"] for entry in s3.list_objects_v2(Bucket="media")["Contents"]}
    widths = "SELECT id FROM articles_picture WHERE widths::text NOT IN ('[]', '') ORDER BY id DESC LIMIT 1"
    until(lambda: primary.ask(widths, DATABASE), "no copies were made")


def test_two_workers_run_each_task_once_and_send_each_mail_once(site, primary, editor, article):
    one, other, _, folder, _ = site
    for turn in range(16):
        _, number = post((one, other)[turn % 2], article, f"Waiting {uuid4().hex}", f"203.0.113.{turn + 1}")
        approve((other, one)[turn % 2], editor, number)
    waiting = "SELECT count(*) FROM django_tasks_database_dbtaskresult WHERE status IN ('READY', 'RUNNING')"
    until(lambda: primary.ask(waiting, DATABASE) == [(0,)], "tasks are left")
    until(
        lambda: (
            primary.ask("SELECT count(*) FROM mailing_letter WHERE sent_at IS NULL AND given_up_at IS NULL", DATABASE)
            == [(0,)]
        ),
        "mails are left",
    )

    tasks = primary.ask("SELECT status, worker_ids FROM django_tasks_database_dbtaskresult", DATABASE)
    assert {(status, len(workers)) for status, workers in tasks} == {("SUCCESSFUL", 1)}
    assert len({workers[0] for _, workers in tasks}) == 2
    sent = "".join(file.read_text() for file in (folder / "mails").iterdir())
    identities = re.findall("^Message-ID: (.*)$", sent, re.MULTILINE)
    assert (
        len(identities)
        == len(set(identities))
        == primary.ask("SELECT count(*) FROM mailing_letter WHERE sent_at IS NOT NULL", DATABASE)[0][0]
        > 0
    )
