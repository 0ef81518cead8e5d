"""What other people's programs say to our pages and feeds: the Nu HTML checker, and npm's rss-parser."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from articles import pictures
from articles.models.article import SourceAttribution
from comments.models import Comment
from tests.articles.test_pictures import a_picture
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_editor,
    make_section,
    make_tag,
    make_user,
    set_rules,
)

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
NODE = Path(settings.BASE_DIR) / "var" / "node" / "node_modules"
# So short a run is over before the better compiler has paid for itself: less than half the processor time. Its code needs
# a larger stack.
JAVA = ["java", "-Xss4m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
CHECKER = NODE / "vnu-jar" / "build" / "dist" / "vnu.jar"


def needed(*programs, package):
    """Skip, saying how to have them, where a program or a package is missing."""
    if all(map(shutil.which, programs)) and package.exists():
        return
    sentence = "Programs are missing. Debian, Ubuntu: apt-get install nodejs npm default-jre-headless; then: make node"
    pytest.skip(sentence)


@pytest.fixture
def paper():
    """A newsroom with one of everything that a page can show."""
    section, author = make_section("Town & Country"), make_author(name="Åsa <Berg>")
    author.biography = "Writes."
    author.save()
    picture = pictures.add(a_picture(), "boat.jpg", alternative_text='A "boat"', caption="The <boat>", credit="Jo")
    picture.refresh_from_db()
    body = (
        "<p>One <strong>two</strong>.</p><h2>Three</h2><blockquote><p>Four</p></blockquote><ul><li>Five</li></ul>"
        f'<figure><img src="{picture.file.url}" alt="Six"><figcaption>Seven</figcaption></figure>'
        '<table tabindex="0"><thead><tr><th scope="col">A</th></tr></thead><tbody><tr><td>B</td></tr></tbody></table>'
    )
    article = make_article(
        headline="Ferry & <boat>", section=section, authors=[author], lead_picture=picture, body=body, language="de"
    )
    article.tags.add(make_tag("tides & times"))
    SourceAttribution.objects.create(article=article, name="North Coast", url="https://example.org/?a=1&b=2")
    first = make_comment(article, text="> quoted\n\n*One* `two` http://example.org/?a=1&b=2", website="example.org")
    for n in range(5):
        make_comment(parent=first, text=f"Reply {n}")
    for n in range(22):
        make_comment(article, text=f"Root {n}")
    for n in range(4):
        make_article(headline=f"Other {n}", section=section)
    make_article(kind="page", slug="imprint", headline="Imprint")
    return article


def pages(article):
    """Yield a name and the HTML of every kind of page, to whoever sees it."""
    stranger, reader, editor = Client(), Client(), Client()
    reader.force_login(make_user())
    editor.force_login(make_editor())
    root = Comment.objects.filter(parent=None).earliest("pk")
    waiting = make_comment(article, status="pending")
    public = [
        "/", "/?page=2", "/search/?q=ferry", "/search/?since=x", article.section.get_absolute_url(),
        article.tags.get().get_absolute_url(), article.authors.get().get_absolute_url(), article.get_absolute_url(),
        f"{article.get_absolute_url()}?page=2", "/pages/imprint/", f"/comments/{root.pk}/thread/", "/nothing/",
        waiting.status_url, f"/articles/{article.pk}/reply/", f"/articles/{article.pk}/reply/?parent={root.pk}",
        "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/login/code/",
    ]  # fmt: skip
    own = [
        "/accounts/", "/accounts/comments/", "/accounts/email/", "/accounts/3rdparty/", "/accounts/sessions/",
        "/accounts/2fa/", "/accounts/password/change/", "/accounts/logout/", f"/articles/{article.pk}/reply/",
    ]  # fmt: skip
    for client, addresses in ((stranger, public), (reader, own), (editor, [f"/articles/{article.pk}/preview/"])):
        for address in addresses:
            answer = client.get(address, follow=True)
            assert answer.status_code in {200, 400, 404}, address
            yield address, answer.content
    refused = stranger.post(f"/articles/{article.pk}/reply/", {"text": "", "name": "", "email": "x"})
    yield "a refused reply", refused.content
    set_rules(registration_required=True)
    yield "registration required", stranger.get(f"/articles/{article.pk}/reply/").content


def test_the_checker_finds_no_error_in_any_page(paper, tmp_path):
    needed("java", package=CHECKER)
    names = {}
    for number, (address, page) in enumerate(pages(paper)):
        file = tmp_path / f"{number}.html"
        file.write_bytes(page)
        names[file.name] = address

    command = [*JAVA, "-jar", str(CHECKER), "--format", "json", "--stdout", "--exit-zero-always", str(tmp_path)]
    said = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=120).stdout)["messages"]
    errors = {
        f"{names[Path(each['url']).name]}: {each['message']} {each.get('extract', '')!r}"
        for each in said
        if each["type"] == "error"
    }

    assert not errors, "\n".join(sorted(errors))
    assert len(names) > 25


READ = """
const Parser = require(process.argv[1]);
const chunks = [];
process.stdin.on("data", (chunk) => chunks.push(chunk)).on("end", async () => {
  const feed = await new Parser().parseString(Buffer.concat(chunks).toString("utf8"));
  process.stdout.write(JSON.stringify(feed));
});
"""


@pytest.mark.parametrize("form", ["", "atom/"])
def test_npms_reader_of_feeds_reads_ours(paper, client, form):
    needed("node", package=NODE / "rss-parser")
    command = ["node", "-e", READ, str(NODE / "rss-parser")]

    for address in (f"/feed/{form}", f"/comments/feed/{form}", f"{paper.get_absolute_url()}feed/{form}"):
        sent = client.get(address).content
        feed = json.loads(subprocess.run(command, input=sent, capture_output=True, check=True, timeout=30).stdout)
        assert feed["title"]
        assert feed["items"]
        assert all(item["title"] and item["link"].startswith("http://testserver/") for item in feed["items"])
        assert all(item["isoDate"] for item in feed["items"])
    articles = json.loads(
        subprocess.run(command, input=client.get(f"/feed/{form}").content, capture_output=True, check=True).stdout
    )
    assert "Ferry & <boat>" in {item["title"] for item in articles["items"]}
