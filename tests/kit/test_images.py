"""What of a picture is decoded, and what that costs."""

import io
import subprocess
import sys
import threading

import pytest
from PIL import Image

from newsreader.kit import images
from newsreader.kit.images import NotAPicture, TooManyPixels, opened
from newsreader.settings import BASE_DIR

HALVES = BASE_DIR / "tests" / "samples" / "pictures" / "halves.heic"

# In a process of its own, since memory that was used once is not given back.
MEASURED = """
import io, sys
from django.conf import settings
settings.configure()
from PIL import Image
from newsreader.kit import images

def most():
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024

data = sys.stdin.buffer.read()
before = most()
pixels = images.opened(data, side=2560).pixels
print(*pixels.size, most() - before)
"""


def a_jpeg(width: int, height: int, **how) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "#204060").save(file, "JPEG", **how)
    return file.getvalue()


def claiming(data: bytes, width: int, height: int) -> bytes:
    """The same JPEG, with another size in its header."""
    at = next(at for at in range(len(data)) if data[at] == 0xFF and data[at + 1] in {0xC0, 0xC2})
    return data[: at + 5] + height.to_bytes(2) + width.to_bytes(2) + data[at + 9 :]


def test_the_file_of_a_camera_with_61_megapixels_is_decoded_at_a_fraction():
    data = a_jpeg(9504, 6336, quality=70)

    ran = subprocess.run(
        [sys.executable, "-c", MEASURED], input=data, capture_output=True, check=True, cwd=BASE_DIR, timeout=60
    )

    width, height, mebibytes = map(int, ran.stdout.split())
    assert (width, height) == (2560, 1707)
    assert mebibytes < 150  # Decoded whole, it is 240.


@pytest.mark.parametrize(
    ("size", "how", "accepted"),
    [
        ((6900, 6000), {}, True),
        ((20_000, 2400), {}, True),  # A panorama: its longer side counts.
        ((9504, 6336), {"progressive": True}, True),
        ((16_000, 15_000), {}, True),
        ((9000, 9000), {"progressive": True}, False),  # Held whole by the decoder.
        ((16_000, 16_000), {}, False),
    ],
)
def test_of_a_jpeg_what_is_decoded_counts(size, how, accepted):
    data = claiming(a_jpeg(64, 64, **how), *size)

    with Image.open(io.BytesIO(data)) as picture:
        if accepted:
            images._shrink(picture, data, 2560, False, images.MOST_PIXELS)
            assert max(picture.size) >= 2560
            images._refuse_many_pixels(picture, images.MOST_PIXELS)
        else:
            with pytest.raises(TooManyPixels, match="megapixels"):
                images._shrink(picture, data, 2560, False, images.MOST_PIXELS)


def test_a_jpeg_whose_colours_come_one_after_the_other_is_held_whole():
    plain = a_jpeg(64, 64)
    scan = plain.index(b"\xff\xda")
    apart = plain[: scan + 4] + b"\x01" + plain[scan + 5 :]

    assert (images._is_held_whole(plain), images._is_held_whole(apart)) == (False, True)
    assert images._is_held_whole(a_jpeg(64, 64, progressive=True))
    assert images._is_held_whole(b"\xff\xd8nonsense")


def test_what_cannot_be_decoded_at_a_fraction_has_its_limit_and_is_told_so():
    file = io.BytesIO()
    Image.new("1", (8000, 5001)).save(file, "PNG")

    with pytest.raises(TooManyPixels, match=r"has 40\.0 megapixels, and we can use 40\. Please make it smaller"):
        opened(file.getvalue(), side=2560)


def test_heic_and_tiff_are_read():
    tiff = io.BytesIO()
    with Image.open(HALVES) as halves:
        halves.load()
        halves.save(tiff, "TIFF", compression="tiff_lzw", save_all=True, append_images=[halves.copy()])

    heic, pages = opened(HALVES.read_bytes(), side=100), opened(tiff.getvalue(), side=400)

    assert (heic.pixels.size, heic.frames, heic.pages) == ((100, 67), 1, 1)
    assert (pages.pixels.size, pages.frames, pages.pages) == ((300, 200), 1, 2)
    for pixels in (heic.pixels, pages.pixels):
        red, _green, blue = pixels.getpixel((5, 5))
        assert red > 180 > blue
    with pytest.raises(NotAPicture):  # Strangers send what browsers show.
        opened(HALVES.read_bytes(), side=100, formats=images.WEB_FORMATS)


def test_pictures_are_decoded_one_at_a_time():
    order, second = [], threading.Event()

    def other():
        second.set()
        with images.one_at_a_time():
            order.append("second")

    with images.one_at_a_time():
        thread = threading.Thread(target=other)
        thread.start()
        second.wait(5)
        thread.join(0.05)
        order.append("first")
    thread.join(5)

    assert order == ["first", "second"]
