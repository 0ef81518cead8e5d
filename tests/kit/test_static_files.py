"""What `collectstatic` writes beside each file: the same for browsers as before, and written once."""

import gzip

import brotli
import pytest
from django.contrib.staticfiles.storage import StaticFilesStorage

from newsreader.kit import static_files
from newsreader.kit.static_files import LARGE, Collected, Thrifty, without_comments
from newsreader.settings import BASE_DIR

STATIC = BASE_DIR / "newsreader" / "static"
SCRIPTS = sorted(STATIC.glob("*.js"))


@pytest.fixture
def compressions(monkeypatch):
    """Count what is compressed."""
    made = []
    forms = tuple(
        (ending, lambda data, pack=pack, ending=ending: made.append(ending) or pack(data), unpack)
        for ending, pack, unpack in Thrifty.forms
    )
    monkeypatch.setattr(Thrifty, "forms", forms)
    return made


def forms_of(file):
    return {path.name.removeprefix(file.name): path.read_bytes() for path in file.parent.glob(f"{file.name}.*")}


@pytest.mark.parametrize("name", ["site.css", "lists.css", "reading.css", "page.js", "reply.js"])
def test_what_pages_load_is_as_small_as_it_can_be(tmp_path, name):
    data = (BASE_DIR / "newsreader" / "static" / name).read_bytes()
    file = tmp_path / name
    file.write_bytes(data)
    Thrifty(quiet=True).compress(str(file))

    packed = forms_of(file)
    assert brotli.decompress(packed[".br"]) == gzip.decompress(packed[".gz"]) == data
    assert len(packed[".br"]) == len(brotli.compress(data))  # at its best
    assert len(packed[".gz"]) == len(gzip.compress(data, 9, mtime=0))


def test_a_content_is_compressed_once_under_whatever_names_and_again_when_it_is_another(tmp_path, compressions):
    one, same = tmp_path / "a.css", tmp_path / "a.0123456789ab.css"
    for file in (one, same):
        file.write_text("p { margin: 0 }\n" * 99)
    compressor = Thrifty(quiet=True)
    assert [len(compressor.compress(str(file))) for file in (one, same)] == [2, 2]
    assert forms_of(one) == forms_of(same)
    assert compressions == [".br", ".gz"]

    Thrifty(quiet=True).compress(str(one))  # of the next run
    assert compressions == [".br", ".gz"]

    one.write_text("p { margin: 1em }\n" * 99)
    Thrifty(quiet=True).compress(str(one))
    assert compressions == [".br", ".gz"] * 2
    assert brotli.decompress(forms_of(one)[".br"]) == one.read_bytes()


@pytest.mark.parametrize("rubbish", [b"", b"\x00", b"<html>"])
def test_a_broken_copy_is_made_anew(tmp_path, rubbish):
    file = tmp_path / "a.js"
    file.write_text("let tide = 0;\n" * 99)
    for ending in (".br", ".gz"):
        (tmp_path / f"a.js{ending}").write_bytes(rubbish)
    Thrifty(quiet=True).compress(str(file))

    assert brotli.decompress(forms_of(file)[".br"]) == gzip.decompress(forms_of(file)[".gz"]) == file.read_bytes()


def test_what_would_not_get_smaller_stays_as_it_is(tmp_path):
    compressor = Thrifty(quiet=True)
    (tmp_path / "a.txt").write_bytes(b"x")
    assert compressor.compress(str(tmp_path / "a.txt")) == []
    assert not any(map(compressor.should_compress, ("a.woff2", "a.webp", "a.js.map")))
    assert all(map(compressor.should_compress, ("a.js", "a.css", "a.svg")))


def test_our_own_files_are_all_compressed_at_their_best():
    own = [path for path in (BASE_DIR / "newsreader" / "static").rglob("*") if path.is_file()]
    assert own
    assert max(path.stat().st_size for path in own) < LARGE
    assert static_files.Collected(location=BASE_DIR, base_url="/").create_compressor(quiet=True).forms is Thrifty.forms


def test_readers_load_our_files_without_comments_and_what_others_wrote_as_it_is(tmp_path):
    mine = 'a { content: "/* said */"; } /* why */\n/*! licence */\nb { margin: 0; }\n' * 20
    script = "/* Why. */\nlet tide = 1; // here it stays\n  // A line.\nlet words = `http://x/*`;\n" * 20
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "library").mkdir(parents=True)
    for name, text in {"a.css": mine, "a.js": script, "library/b.css": mine}.items():
        (source / name).write_text(text)
    folder, collected = StaticFilesStorage(location=source), Collected(location=target, base_url="/")
    names = ["a.css", "a.js", "library/b.css"]
    for name in names:
        with folder.open(name) as file:
            collected.save(name, file)
    done = list(collected.post_process({name: (folder, name) for name in names}))

    assert not [entry for entry in done if isinstance(entry[-1], Exception)]
    expected = {
        "a.css": 'a { content: "/* said */"; } /*! licence */\nb { margin: 0; }\n' * 20,
        "a.js": "let tide = 1; // here it stays\nlet words = `http://x/*`;\n" * 20,
        "library/b.css": mine,
    }
    for name, text in expected.items():
        hashed = target / collected.stored_name(name)
        assert hashed.name != name
        assert hashed.read_text() == (target / name).read_text() == text
        assert gzip.decompress(hashed.with_name(f"{hashed.name}.gz").read_bytes()).decode() == text


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.name)
def test_nothing_of_a_script_but_comments_is_left_behind(script):
    """Lines that go are comments for sure: no template string, in which they would be words, spans lines."""
    text = script.read_text()
    kept = without_comments(script.name, text)
    gone = [line for line in text.splitlines() if line not in kept.splitlines()]

    assert all(line.count("`") % 2 == 0 for line in kept.splitlines())
    assert "/*" not in "".join(line for line in kept.splitlines() if line.lstrip().startswith("/*"))
    assert [line for line in gone if line.strip().endswith((";", "{", "}"))] == []


def test_an_article_and_the_front_page_load_no_more_style_than_before_they_had_so_much_to_show():
    """What a guest loads before reading: once 9.1 kB, in one sheet for all pages."""

    def loaded(*names):
        return sum(
            len(gzip.compress(without_comments(name, (STATIC / name).read_text()).encode(), 9)) for name in names
        )

    assert loaded("site.css", "reading.css") <= 7_900  # bytes
    assert loaded("site.css", "lists.css") <= 6_200
