"""What `collectstatic` writes beside each file: the same for browsers as before, and written once."""

import gzip

import brotli
import pytest

from newsreader.kit import static_files
from newsreader.kit.static_files import LARGE, Thrifty
from newsreader.settings import BASE_DIR


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


@pytest.mark.parametrize("name", ["site.css", "reading.css", "page.js", "reply.js"])
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
