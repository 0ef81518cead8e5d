"""Names of files that a disk can hold."""

from __future__ import annotations

import os

import pytest
from django.core.files.base import ContentFile
from hypothesis import given
from hypothesis import strategies as st

from newsreader.kit.disk_storage import MOST_BYTES, Disk


@pytest.mark.parametrize(
    "name", ["ä" * 200 + ".gif", "漢" * 240 + ".gif", "😀" * 100 + ".gif", "x." + "g" * 400, "x" * 400]
)
def test_a_name_of_any_length_is_kept(name, tmp_path):
    disk = Disk(location=tmp_path)

    kept = [disk.save(disk.generate_filename(name), ContentFile(b"x")) for _ in range(2)]

    assert [disk.open(each).read() for each in kept] == [b"x", b"x"]


def test_a_shortened_name_keeps_its_ending():
    assert Disk().get_valid_name("漢" * 240 + ".jpeg").endswith("漢.jpeg")


def test_an_ordinary_name_stays_as_it_is():
    assert Disk().get_valid_name("Fähre im Hafen (2).jpeg") == "Fähre_im_Hafen_2.jpeg"


@given(
    st.text(alphabet=st.characters(categories=("L", "M", "N")), min_size=1, max_size=300),
    st.sampled_from(["", ".png", ".jpeg"]),
)
def test_no_name_is_longer_than_a_disk_can_hold(stem, ending):
    assert len(Disk().get_valid_name(stem + ending).encode()) <= MOST_BYTES


def test_everything_on_it_can_be_listed_and_half_files_cannot(tmp_path):
    disk = Disk(location=tmp_path)
    disk.put("pictures/a.jpg", lambda file: file.write(b"a boat"))
    (tmp_path / "pictures" / ".half").write_bytes(b"a b")
    os.mkfifo(tmp_path / "pictures" / "no-file")  # Whoever opens it waits for ever.

    def breaks_off(file):
        file.write(b"a f")
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        disk.put("avatars/b.webp", breaks_off)

    assert [(entry.name, entry.size) for entry in disk.entries()] == [("pictures/a.jpg", 6)]
    assert list((tmp_path / "avatars").iterdir()) == []
