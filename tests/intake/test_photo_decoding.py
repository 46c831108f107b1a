"""What a photo becomes, and what is refused before and while it is decoded."""

import asyncio
import io
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.intake.photo_files import (
    BLUE,
    RED,
    SVG,
    TURNED_HEIC,
    bomb,
    file_of,
    jpeg_with_metadata,
    picture,
    zipped,
)

from chassis.errors import Refused, Unavailable
from intake.adapters import photo_processes
from intake.adapters.photo_processes import PhotoProcesses
from intake.app.uploads import judge
from intake.domain.photos import EDGES, MOST_BYTES, Decoded, Size, is_photo

METADATA = (b"Exif", b"Invented", b"ICC_PROFILE", b"http://ns.adobe.com")


async def decoded(data: bytes) -> Sequence[Decoded]:
    judge(data)
    return await PhotoProcesses().decode(data)


def opened(one: Decoded) -> Image.Image:
    image = Image.open(io.BytesIO(one.data))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (one.width, one.height))
    return image


def near(found: object, wanted: tuple[int, int, int]) -> bool:
    assert isinstance(found, tuple)
    return all(abs(one - other) < 12 for one, other in zip(found, wanted, strict=True))


@pytest.mark.parametrize("data", [jpeg_with_metadata(), TURNED_HEIC], ids=["jpeg", "heic"])
async def test_a_photo_on_its_side_is_put_upright_and_tells_nothing_but_its_pixels(data: bytes) -> None:
    sizes = await decoded(data)

    for one in sizes:
        image = opened(one)
        assert image.size == (64, 96)
        assert near(image.getpixel((32, 5)), RED)
        assert near(image.getpixel((32, 90)), BLUE)
        assert dict(image.getexif()) == {}
        assert not any(word in one.data for word in METADATA)
    assert [one.size for one in sizes] == list(EDGES)


async def test_a_large_photo_is_shrunk_to_three_sizes_and_transparency_is_white() -> None:
    image = picture(2000, 1500, "RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 100, 100))
    sizes = await decoded(file_of(image, "WEBP"))

    assert {one.size: (one.width, one.height) for one in sizes} == {
        Size.LARGE: (1600, 1200),
        Size.MEDIUM: (800, 600),
        Size.SMALL: (320, 240),
    }
    assert near(opened(sizes[0]).getpixel((10, 10)), (255, 255, 255))
    assert len(sizes[-1].data) < len(sizes[0].data)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "RGBA"])
async def test_every_kind_of_pixel_becomes_a_jpeg(mode: str) -> None:
    image = Image.new("I;16", (40, 30)) if mode == "I;16" else picture(40, 30, mode)

    assert [one.width for one in await decoded(file_of(image, "PNG"))] == [40, 40, 40]


async def test_a_jpeg_in_cmyk_becomes_an_rgb_jpeg() -> None:
    [large, *_] = await decoded(file_of(picture(mode="CMYK")))

    assert near(opened(large).getpixel((5, 32)), RED)


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (zipped(), "not-a-photo"),
        (SVG, "not-a-photo"),
        (b"", "not-a-photo"),
        (b"GIF89a" + bytes(20), "not-a-photo"),
        (file_of(picture(600, 400))[:-2000], "photo-unreadable"),
        (TURNED_HEIC[:-40], "photo-unreadable"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "photo-unreadable"),
        (bomb(), "photo-too-many-pixels"),
        (b"\xff\xd8\xff" + bytes(MOST_BYTES), "photo-too-large"),
    ],
    ids=["zip", "svg", "empty", "gif", "cut jpeg", "cut heic", "no jpeg", "bomb", "large"],
)
async def test_what_is_no_whole_photo_is_refused_by_name(data: bytes, slug: str) -> None:
    with pytest.raises(Refused, match=slug):
        await decoded(data)


async def test_a_decoder_that_does_not_end_is_killed_and_the_next_photo_is_decoded() -> None:
    processes = PhotoProcesses(seconds=0.01)
    with pytest.raises(Refused, match="photo-unreadable"):
        await processes.decode(file_of(picture()))

    assert len(await PhotoProcesses().decode(file_of(picture()))) == 3


async def test_photos_wait_for_their_turn_and_no_more_than_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_processes, "MOST_WAITING", 2)
    processes, photo = PhotoProcesses(), file_of(picture())

    found = await asyncio.gather(*(processes.decode(photo) for _ in range(3)), return_exceptions=True)

    assert [type(one) for one in found] == [list, list, Unavailable]


@given(st.binary(max_size=64))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_head_is_judged_and_markup_is_never_a_photo(head: bytes) -> None:
    assert is_photo(head) in (True, False)
    assert not is_photo(b"<" + head)
    assert not is_photo(b"PK\x03\x04" + head)
