"""Over https: the names of our cookies, and who may load what as a part of other pages. Asked of a site of its own."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from django.conf import settings

from newsreader.settings import BASE_DIR
from tests.databases import TEMPLATE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ci_sqlite,
    pytest.mark.skipif(not settings.SQLITE, reason="starts from the suite's own SQLite file"),
]

# Posts as a guest, keeps a draft, signs in, writes over REST and in the admin. Tells every cookie that was set, and some policies.
VISIT = """
import json, re
from allauth.account.models import EmailAddress
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from articles import publishing
from articles.models.article import Article
from newsreader.accounts.models import User

cookies, here = [], {"Origin": "https://news.example"}
def ask(client, method, path, **more):
    answer = getattr(client, method)(path, secure=True, **more)
    cookies.extend([name, dict(morsel)] for name, morsel in answer.cookies.items())
    return answer
def browser():
    return Client(SERVER_NAME="news.example", enforce_csrf_checks=True)
article = Article.objects.create(headline="Ferry runs again", slug="ferry", body="<p>At six.</p>")
publishing.publish(article.pk)
page = Article.objects.get().get_absolute_url()
default_storage.save("pictures/pier.jpg", ContentFile(b"picture"))

guest, reply = browser(), f"/articles/{article.pk}/reply/"
typed = {"text": "Tides turn.", "name": "Ann", "email": "ann@example.org", "remember": "on"}
statuses = [ask(guest, "post", reply, data=typed, headers=here).status_code]
is_known = "ann@example.org" in ask(guest, "get", reply).text
ask(guest, "post", f"/articles/{article.pk}/reply/with/email/", data=typed, headers=here)

mia = User.objects.create_superuser("mia", "mia@example.org", "open-sesame")
EmailAddress.objects.create(user=mia, email=mia.email, verified=True, primary=True)
member = browser()
token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', ask(member, "get", "/accounts/login/").text)[1]
data = {"csrfmiddlewaretoken": token, "login": "mia", "password": "open-sesame"}
statuses.append(ask(member, "post", "/accounts/login/", data=data, headers=here).status_code)
token = ask(member, "get", "/api/v1/me/").json()["csrf_token"]
comments = f"/api/v1/articles/{article.pk}/comments/"
for headers in (here, here | {"X-CSRFToken": token}):
    json_type = "application/json"
    answer = ask(member, "post", comments, data={"text": "Over REST."}, content_type=json_type, headers=headers)
    statuses.append(answer.status_code)
data = {"csrfmiddlewaretoken": token, "name": "Interns"}
statuses.append(ask(member, "post", "/admin/auth/group/add/", data=data, headers=here).status_code)

policies = {}
for path in ("/", page, "/feed/", "/static/site.css", "/media/pictures/pier.jpg", "/static/providers/google.svg",
             f"/oembed/?url=https://news.example{page}", f"/articles/{article.pk}/you/", "/accounts/login/", "/nothing/"):
    policies[path.split("?")[0]] = guest.get(path, secure=True).get("Cross-Origin-Resource-Policy")
print(json.dumps({"cookies": cookies, "statuses": statuses, "is_known": is_known, "page": page, "policies": policies}))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory, django_db_setup):
    database = tmp_path_factory.mktemp("secure") / "site.sqlite3"
    shutil.copyfile(TEMPLATE, database)
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    answer = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "--no-imports", "-c", VISIT],
        cwd=BASE_DIR,
        env=kept
        | {
            "ENV_FILES": "",
            "SECRET_KEY": "s" * 50,
            "SITE_URL": "https://news.example",
            "TRUSTED_PROXY_COUNT": "1",
            "DATABASE_URL": f"sqlite:///{database}",
            "STORAGE_URL": f"file://{database.parent}/media",
            "EMAIL_URL": "memorymail://",
            "STAFF_SECOND_FACTOR": "off",
        },
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


def test_every_cookie_of_ours_is_this_hosts_alone_but_the_one_that_scripts_read(told):
    names = {name for name, _ in told["cookies"]}

    assert names == {
        "known",
        *(f"__Host-{name}" for name in ("commenter", "csrftoken", "draft", "messages", "sessionid", "uploads")),
    }
    for name, morsel in told["cookies"]:
        assert (morsel["secure"], morsel["path"], morsel["domain"], morsel["samesite"]) == (True, "/", "", "Lax")
        assert bool(morsel["httponly"]) == (name != "known")


def test_under_their_names_a_guest_is_known_and_a_member_signs_in_and_writes_with_the_token_alone(told):
    assert told["is_known"]
    assert told["statuses"] == [303, 302, 403, 201, 302]


def test_other_sites_show_our_files_and_feeds_and_load_no_page(told):
    by = {"same-origin": set(), "cross-origin": set()}
    for path, policy in told["policies"].items():
        by[policy].add(path)

    assert by["same-origin"] == {"/", told["page"], "/articles/1/you/", "/accounts/login/", "/nothing/"}
    assert by["cross-origin"] == {
        "/feed/", "/static/site.css", "/media/pictures/pier.jpg", "/static/providers/google.svg", "/oembed/",
    }  # fmt: skip


def test_over_plain_http_the_names_are_plain(client):
    assert (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME) == ("sessionid", "csrftoken")
    assert "Cross-Origin-Resource-Policy" not in client.get("/healthz").headers
