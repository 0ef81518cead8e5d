"""Pages kept by their versions."""

import pytest
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from newsreader.kit import http_cache


@pytest.fixture
def request_():
    return RequestFactory().get("/somewhere/")


def test_a_page_of_the_same_versions_is_rendered_once(request_):
    built = []

    def build():
        built.append(1)
        return HttpResponse("words")

    answers = [http_cache.public(request_, ["test-once", 1], build) for _ in range(3)]
    changed = http_cache.public(request_, ["test-once", 2], build)

    assert [answer.content for answer in answers] == [b"words"] * 3
    assert len(built) == 2
    assert changed["ETag"] != answers[0]["ETag"]


@pytest.mark.parametrize("name", ["page.html", "site.css", "site.js", "views.py", "words.txt"])
def test_a_changed_file_is_another_release(name, settings, tmp_path):
    settings.BASE_DIR = tmp_path
    file = tmp_path / "comments" / "somewhere" / name
    file.parent.mkdir(parents=True)
    file.write_text("old")
    before = http_cache.release.__wrapped__()

    (tmp_path / "comments" / "notes.sqlite3").write_text("No page is made from this.")
    assert http_cache.release.__wrapped__() == before
    file.write_text("new")

    assert http_cache.release.__wrapped__() != before


def test_with_debug_a_page_is_rendered_each_time_and_kept_by_nobody(request_, settings):
    settings.DEBUG = True
    built = []

    def build():
        built.append(1)
        return HttpResponse(f"words {len(built)}")

    answers = [http_cache.public(request_, ["test-debug"], build) for _ in range(2)]

    assert [answer.content for answer in answers] == [b"words 1", b"words 2"]
    assert {answer["Cache-Control"] for answer in answers} == {"no-store"}
    assert not any("ETag" in answer for answer in answers)


def test_a_refusal_while_rendering_is_not_kept(request_):
    def build():
        raise Http404

    for _ in range(2):
        with pytest.raises(Http404):
            http_cache.public(request_, ["test-refusal"], build)


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("12", 12)])
def test_a_page_number_is_a_whole_one(text, number):
    assert http_cache.page_number(RequestFactory().get("/", {"page": text})) == number


@pytest.mark.parametrize("text", ["0", "-1", "01", "1.0", "x", "", "²", "9" * 20])
def test_what_is_no_page_number_is_nowhere(text):
    with pytest.raises(Http404):
        http_cache.page_number(RequestFactory().get("/", {"page": text}))


def test_a_page_sees_no_parameter_but_those_that_it_says_it_reads():
    seen = []

    @http_cache.reading("page", "q")
    def view(request):
        seen.append(request.GET.urlencode())
        if "q" in request.GET:
            raise Http404
        return HttpResponse()

    request = RequestFactory().get("/?page=1&utm_source=x&page=2")
    view(request)
    assert seen == ["page=1&page=2"]
    assert request.GET["utm_source"] == "x"

    request = RequestFactory().get("/?utm_source=x&q=1")
    with pytest.raises(Http404):
        view(request)
    assert (seen[-1], request.GET["utm_source"]) == ("q=1", "x")
    assert http_cache.parameters_of(view) == {"page", "q"}
    assert http_cache.is_for_everybody(view)
    assert http_cache.parameters_of(lambda request: None) is None


def test_a_page_that_says_nothing_reads_no_parameter():
    view = http_cache.for_everybody(lambda request: HttpResponse(repr(dict(request.GET))))

    assert view(RequestFactory().get("/?x=1")).content == b"{}"
    assert view(RequestFactory().post("/")).status_code == 405
