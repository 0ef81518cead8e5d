"""Finished pages that still hold, as a site with two web processes answers them in front of Django."""

import gzip
import json
import os
import re
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

import brotli
import pytest
import requests
from django.conf import settings

from tests import hosts
from tests.databases import TEMPLATE, drop_database, on_the_server
from tests.front.test_front import FORM, PATIENCE, Site, request

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = [pytest.mark.slow, pytest.mark.ci_sqlite, pytest.mark.ci_postgresql]

NAME = f"{TEMPLATE}_lane_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
DECODED = {"": bytes, "gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstd.decompress}
ASKS_DJANGO = ("Range", "bytes=0-")  # Django ignores it on a page, and the lane leaves it to Django.
HIT = "newsreader; hit"
OF_ONE_ANSWER = {"date", "cache-status", "connection", "x-noise"}
RENEWAL = 1.0  # seconds between two looks at a few kept pages
TURNS = 40  # connections; each is taken by either process


@pytest.fixture(scope="module")
def site(tmp_path_factory, django_db_setup):
    url = ""
    if not settings.SQLITE:
        drop_database(NAME)
        on_the_server(f'CREATE DATABASE "{NAME}" TEMPLATE "{TEMPLATE}"')
        known = settings.DATABASES["default"]
        account = f"{known['USER']}:{known['PASSWORD']}@" if known["USER"] else ""
        url = f"postgres://{account}{known['HOST'] or '127.0.0.1'}:{known['PORT'] or 5432}/{NAME}"
    made = Site(tmp_path_factory.mktemp("lane"), "--processes", "2", url=url, METRICS_NETWORKS="127.0.0.1/32")
    made.env = hosts.environment(SECRET_KEY="s" * 50, DATABASE_URL=url or f"sqlite:///{made.database}")
    manage(made, "CommentSettings.objects.update(hold_first_comment=False, flood_seconds=0)")
    yield made
    if made.process.poll() is None:
        made.process.terminate()
        made.process.wait(PATIENCE)
    if url:
        drop_database(NAME)


def manage(site, code):
    """Do something in a process of its own, as commands and the worker do."""
    return hosts.manage(
        site.env, "shell", "-v", "0", "-c", f"from articles import page_versions, publishing, writing\n{code}"
    )


def get(site, path, method="GET", **headers):
    """Return status, headers (in lower case) and body, over a connection of its own."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    _, answer, _ = site.ask(request(method, path, *lines))
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *fields = head.decode().split("\r\n")
    said = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
    return int(first.split()[1]), said, body


def is_hit(answer):
    return answer[1].get("cache-status") == HIT


def warm(site, *paths, **headers):
    """Ask until both processes have the page: so many in a row come from the lane as hardly come from one alone.

    One process takes several connections in a row while they come faster than the other wakes up, so there are pauses.
    """
    for path in paths:
        in_a_row = 0
        for _ in range(20 * TURNS):
            in_a_row = in_a_row + 1 if is_hit(get(site, path, **headers)) else 0
            if in_a_row == 15:
                break
            time.sleep(0.01)
        assert in_a_row == 15, path


def hit(site, path, method="GET", **headers):
    """Return an answer of the lane."""
    for turn in range(TURNS):
        for _ in range(1 + turn % 2):  # Two processes may take turns for long.
            get(site, path, **headers)  # It is made by a GET.
        if is_hit(answer := get(site, path, method, **headers)):
            return answer
    pytest.fail(f"{method} {path} {headers}")


def everywhere(site, path):
    """Return what both processes answer: the bodies of many answers, and their statuses."""
    answers = [get(site, path) for _ in range(10)]
    return {answer[0] for answer in answers}, {answer[2] for answer in answers}


def article_at(site, number=0):
    """Return the id and the path of one of the articles with the fewest comments: they are on one page."""
    articles = json.loads(get(site, "/api/v1/articles/")[2])["results"]
    found = sorted((row for row in articles if row["comments_open"]), key=lambda row: row["comment_count"])[number]
    return found["id"], re.sub(r"^https?://[^/]+", "", found["url"])


def staff(site):
    """Return a signed-in editor's session."""
    session, base = requests.Session(), f"http://localhost:{site.port}"
    page = session.get(f"{base}/accounts/login/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    sent = {"csrfmiddlewaretoken": token, "login": "editor@example.org", "password": "open-sesame"}
    session.post(f"{base}/accounts/login/", sent, headers={"Referer": f"{base}/accounts/login/"})
    assert "Sign out" in session.get(f"{base}/accounts/masthead/").text or len(session.cookies) > 1
    return session


# --- Nothing is stale ---------------------------------------------------------------------------------------------


def by_form(site, article, words):
    body = urlencode({"text": words, "name": "Ann", "email": "ann@example.org"})
    answer = site.ask(request("POST", f"/articles/{article}/reply/", "X-Forwarded-For: 10.9.9.9", body=body))
    assert answer[0] == 303


def over_rest(site, article, words):
    sent = json.dumps({"text": words, "name": "Ben", "email": "ben@example.org"})
    head = request("POST", f"/api/v1/articles/{article}/comments/", "X-Forwarded-For: 10.9.8.8", body=sent)
    assert site.ask(head.replace(FORM.encode(), b"application/json"))[0] == 201


def by_a_moderator(site, article, words):
    manage(
        site,
        "from comments.moderation.decisions import decide\nfrom comments.models import Comment\n"
        "from django.utils import timezone\n"
        f"row = Comment.objects.filter(article={article}).latest('pk')\n"
        f"Comment.objects.filter(pk=row.pk).update(html='<p>{words}</p>', created_at=timezone.now())\n"
        "decide(row.pk, 'spam')\ndecide(row.pk, 'approved')",
    )


def by_an_import(site, article, words):
    manage(
        site,
        "from articles.records import Origin\nfrom articles.models import Article\n"
        "from comments.posting.importing import CommentRecord, admit\n"
        f"origin = dict(origin_site='https://o/', origin_type='post', origin_id='{article}')\n"
        f"Article.objects.filter(pk={article}).update(**origin)\n"
        f"at = Origin('https://o/', 'post', '{article}')\n"
        "one = Origin('https://o/', 'comment', '1')\n"
        f"admit([CommentRecord(origin=one, article=at, status='approved', name='Cal', body='{words}')])",
    )


@pytest.mark.parametrize("edge", [by_form, over_rest, by_a_moderator, by_an_import], ids=lambda edge: edge.__name__)
def test_an_approved_comment_is_on_the_next_page_that_anybody_loads(site, edge):
    article, path = article_at(site)
    words = f"Tide of {edge.__name__.replace('_', ' ')}"
    warm(site, path, f"{path}feed/", "/comments/feed/atom/", "/")

    edge(site, article, words)

    for address in (path, f"{path}feed/", "/comments/feed/atom/"):
        statuses, bodies = everywhere(site, address)
        assert statuses == {200}
        assert all(words.encode() in body for body in bodies), address
    warm(site, path, "/comments/feed/atom/")


def test_a_page_that_has_changed_is_made_anew_in_every_process_before_anybody_asks(site):
    """Else one process has nothing to show, should the database go away before a reader has asked that one."""
    article, path = article_at(site, 2)
    warm(site, path)

    by_form(site, article, "High water")
    time.sleep(4 * RENEWAL)

    answers = [get(site, path) for _ in range(10)]
    assert all(is_hit(answer) and b"High water" in answer[2] for answer in answers)


def test_who_posts_sees_the_own_comment_on_the_page_that_one_is_sent_to(site):
    article, path = article_at(site, 1)
    warm(site, path)
    body = urlencode({"text": "Mine at last", "name": "Dot", "email": "dot@example.org"})

    answer = site.ask(request("POST", f"/articles/{article}/reply/", "X-Forwarded-For: 10.9.7.7", body=body))[1]

    target = re.search(rb"\r\nlocation: ([^\r#]+)", answer, re.IGNORECASE)[1].decode()
    assert "new=" in target
    assert all(b"Mine at last" in found for found in everywhere(site, target)[1])


def test_links_that_were_shared_elsewhere_are_answered_from_the_page_without_what_was_appended(site):
    article, path = article_at(site)
    search = "/search/?sort=newest&q=ferry"
    warm(site, path, search)

    for number in range(10):
        junk = f"utm_source=mail{number}&fbclid=IwAR0{number}&new={number}"
        for address, plain in ((f"{path}?{junk}", path), (f"/search/?sort=newest&{junk}&q=ferry", search)):
            ours = get(site, address)
            assert is_hit(ours), address
            theirs = get(site, address, **dict([ASKS_DJANGO]))
            assert fields(ours) == fields(theirs)
            assert ours[2] == theirs[2] == get(site, plain)[2]
    assert b"Search" in ours[2]

    by_form(site, article, "Spring tide tonight")
    statuses, bodies = everywhere(site, f"{path}?{junk}")
    assert statuses == {200}
    assert all(b"Spring tide tonight" in body for body in bodies)


def test_who_posts_sees_the_own_comment_in_the_lane_too(site):
    article, path = article_at(site)
    for number in range(3):
        warm(site, path)
        by_form(site, article, f"Slack water {number}")
        for _ in range(6):
            answer = get(site, f"{path}?new=1{number}")
            assert answer[0] == 200
            assert f"Slack water {number}".encode() in answer[2]
        warm(site, f"{path}?new=1{number}")


def test_what_editors_and_the_clock_change_is_on_the_next_page(site):
    article, path = article_at(site, 2)
    lists = ["/", "/feed/", "/sitemap.xml", "/search/?q=ferry"]
    warm(site, path, *lists)
    manage(site, f"from newsreader.accounts.models import User\narticle = writing.Article.objects.get(pk={article})\n"
        "writing.write({'headline': 'Ferry stays in dock'}, by=User.objects.get(username='editor'),"
        " article=article)")  # fmt: skip
    for address in (path, "/", "/feed/"):
        assert all(b"Ferry stays in dock" in body for body in everywhere(site, address)[1]), address

    warm(site, path, *lists)
    manage(site, f"publishing.withdraw({article})")
    assert everywhere(site, path)[0] == {410}
    for address in lists:
        assert not any(b"Ferry stays in dock" in body for body in everywhere(site, address)[1]), address

    warm(site, *lists)
    manage(site, "import datetime as dt\nfrom django.utils import timezone\nfrom articles.models import Article\n"
        "Article.objects.create(headline='Tide turns late', slug='tide-turns', body='<p>x</p>', state='scheduled',"
        " scheduled_for=timezone.now() - dt.timedelta(minutes=1))\nassert publishing.publish_due() == 1")  # fmt: skip
    for address in ("/", "/feed/"):
        assert all(b"Tide turns late" in body for body in everywhere(site, address)[1]), address

    warm(site, *lists)
    manage(
        site,
        "from articles.models.site import Site\nSite.objects.update(name='The Lantern')\npage_versions.bump_site()",
    )
    for address in ("/", "/feed/", "/search/?q=ferry"):
        assert all(b"The Lantern" in body for body in everywhere(site, address)[1]), address


def test_a_form_is_gone_with_the_second_in_which_comments_close(site):
    article, path = article_at(site, 3)
    form, at = f'action="/articles/{article}/reply/"'.encode(), time.time() + 20
    manage(site, "import datetime as dt\nfrom articles.models import Article\n"
        f"page_versions.bump([{article}], comments_close_at=dt.datetime.fromtimestamp({at}, dt.UTC))")  # fmt: skip
    if time.time() < at - 3:
        warm(site, path)
        assert all(form in body for body in everywhere(site, path)[1]) or time.time() > at
    time.sleep(max(0.0, at - time.time()))

    assert not any(form in body for body in everywhere(site, path)[1])
    warm(site, path)


# --- The same bytes as Django's, and nobody's ---------------------------------------------------------------------


def public_addresses(site):
    """Return what the pages and maps of the site lead to."""
    found, ahead = (
        {},
        ["/", "/sitemap.xml", "/sitemaps/lists.xml", "/robots.txt", "/search/?q=ferry", "/news-sitemap.xml"],
    )
    kinds = {}
    while ahead:
        path = ahead.pop(0)
        status, said, body = get(site, path)
        found[path] = status, said
        for link in re.findall(rb'(?:href="|<loc>)(?:http://localhost:\d+)?(/[^"#<]*)', body):
            link = link.decode().replace("&amp;", "&")
            kind = re.sub(r"\d+|(?<=/)[^/?]*-[^/?]*", "1", link)
            if kinds.setdefault(kind, 0) < 2 and link not in found and link not in ahead and "/static/" not in link:
                kinds[kind] += 1
                ahead.append(link)
    return found


def test_the_lane_answers_as_django_does_in_every_encoding_for_heads_and_for_who_has_the_page(site):
    seen = 0
    for path, (status, said) in public_addresses(site).items():
        if status != 200 or "s-maxage" not in said.get("cache-control", "") or path.startswith("/api/v1/schema"):
            continue
        for coding in ("", "gzip", "br", "zstd", "gzip;q=0.5, br"):
            asked = {"Accept_Encoding": coding} if coding else {}
            etag = get(site, path, **asked)[1]["etag"]
            changed = said.get("last-modified")
            questions = [("GET", {}), ("HEAD", {}), ("GET", {"If_None_Match": etag}), ("GET", {"If_None_Match": '"x"'})]
            questions += [("GET", {"If_Modified_Since": changed})] if changed else []
            for method, more in questions if coding in {"", "br"} else questions[:1]:
                ours = hit(site, path, method, **asked, **more)
                theirs = get(site, path, method, **asked, **more, **dict([ASKS_DJANGO]))
                assert "cache-status" not in theirs[1]
                if coding == "gzip":  # A random name in it hides how long it is.
                    assert abs(int(ours[1].pop("content-length")) - int(theirs[1].pop("content-length"))) < 200
                assert fields(ours) == fields(theirs), (path, method, coding, more)
                decoded = DECODED[ours[1].get("content-encoding", "")] if ours[2] else bytes
                assert decoded(ours[2]) == decoded(theirs[2])
                seen += 1
    assert seen > 100


def fields(answer):
    return answer[0], {name: value for name, value in answer[1].items() if name not in OF_ONE_ANSWER}


def test_nothing_of_who_has_asked_before_is_in_what_anybody_gets(site):
    addresses = public_addresses(site)
    article, path = article_at(site)
    private = [f"/articles/{article}/you/", f"/articles/{article}/reply/", "/accounts/", "/accounts/login/", "/admin/"]
    private += ["/accounts/masthead/", "/api/v1/me/", "/api/v1/articles/", f"{path}?new=1"]
    walked = [*addresses, *private]
    nobody = {each: get(site, each, **dict([ASKS_DJANGO])) for each in walked}
    editor = staff(site)
    body = urlencode({"text": "Held words", "name": "Guestname", "email": "g@guestmail.example", "remember": "on"})
    sent = site.ask(request("POST", f"/articles/{article}/reply/", "X-Forwarded-For: 10.8.8.8", body=body))[1]
    guest = "; ".join(found.decode() for found in re.findall(rb"\r\nset-cookie: ([^;]+)", sent, re.IGNORECASE))
    assert "commenter" in guest
    cookies = ["; ".join(f"{name}={value}" for name, value in editor.cookies.items()), guest]
    secrets = {value for line in cookies for value in re.findall(r"=([^;]{8,})", line)}
    for each in walked:
        for cookie in cookies * 4:
            get(site, each, Cookie=cookie)

    nobody |= {each: get(site, each, **dict([ASKS_DJANGO])) for each in nobody}
    for each, theirs in nobody.items():
        for _ in range(6):
            ours = get(site, each)
            if "public" not in theirs[1].get("cache-control", ""):
                assert not is_hit(ours), each
                continue
            assert "set-cookie" not in ours[1], each
            assert (ours[0], ours[2]) == (theirs[0], theirs[2]), each
            assert not any(secret.encode() in ours[2] for secret in secrets), each
            assert b"guestmail.example" not in ours[2]


@pytest.mark.parametrize(
    "header",
    ["Authorization: Bearer x", "X-Session-Token: x", "Range: bytes=0-9", "If-Match: *", "If-None-Match: *",
    "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT", "Host: evil.example", "Content-Length: 3"],
)  # fmt: skip
def test_a_request_that_django_may_answer_otherwise_goes_to_django(site, header):
    warm(site, "/")
    name = header.partition(":")[0]

    lines = ["GET / HTTP/1.1", *(["Host: localhost"] if name != "Host" else []), header, "Connection: close", "", ""]
    answer = site.ask("\r\n".join(lines).encode() + (b"x=y" if name == "Content-Length" else b""))[1]

    assert HIT.encode() not in answer


def test_another_host_gets_no_page_of_ours(site):
    warm(site, "/")

    for host in ("evil.example", "localhost.evil.example", "localhost:1"):
        answer = site.ask(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())[1]
        assert HIT.encode() not in answer
    both = site.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n")[1]
    assert HIT.encode() not in both


# --- Seen by who runs the site ------------------------------------------------------------------------------------


def test_each_answer_is_counted_and_logged_under_its_own_id(site):
    warm(site, "/")

    assert is_hit(get(site, "/", X_Request_ID="lane-request.1"))

    until = time.monotonic() + 10
    while "lane-request.1" not in Path(site.log).read_text() and time.monotonic() < until:
        time.sleep(0.05)
    (line,) = [json.loads(row) for row in Path(site.log).read_text().splitlines() if "lane-request.1" in row]
    assert (line["view"], line["status"], line["bytes"] > 1000, line["method"]) == ("front", 200, True, "GET")
    assert "statements" not in line
    counted = get(site, "/metrics")[2].decode()
    assert re.search(r'newsreader_pages_total\{cache="front"\} [1-9]', counted)
    assert re.search(r'newsreader_requests_total\{method="GET",status="200",view="front"\} [1-9]', counted)
