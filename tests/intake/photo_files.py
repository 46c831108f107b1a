"""Files that people send as photos, and files that only look like some."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

from PIL import Image, ImageCms, ImageDraw

RED, BLUE = (220, 20, 20), (20, 20, 220)
# Like an iPhone's: turned by the container and by its EXIF, red on the left before and on top after it is turned.
TURNED_HEIC = (Path(__file__).parent / "photos" / "turned.heic").read_bytes()
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def picture(width: int = 96, height: int = 64, mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), RED)
    ImageDraw.Draw(image).rectangle((width // 2, 0, width, height), BLUE)
    return image.convert(mode)


def file_of(image: Image.Image, format: str = "JPEG", **more: object) -> bytes:  # noqa: A002
    file = io.BytesIO()
    image.save(file, format, **more)
    return file.getvalue()


def jpeg_with_metadata() -> bytes:
    """A JPEG that says where and by whom it was taken, and that lies on its side."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "InventedMaker"
    exif[0x8825] = {1: "N", 2: (45.0, 41.0, 0.0)}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return file_of(
        picture(), exif=exif, icc_profile=profile, comment=b"InventedComment", xmp=b"<x>InventedXmp</x>"
    )


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("foto.jpg", file_of(picture()))
    return file.getvalue()


def bomb() -> bytes:
    """A PNG of a few bytes whose header promises 400 million pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
