"""The program that decodes one photo: the photo on its standard input, three JPEGs and their sizes on its standard output.

It runs in a process of its own with limits of memory and processor time, without the service's environment, because what decodes
a file of somebody unknown may be killed at any moment. The first line of the output is JSON: `{"renditions": [{"width", "height", "bytes"}, …]}`
followed by the bytes, or `{"refused": slug}`.
"""

import io
import json
import resource
import sys
from collections.abc import Sequence

from pi_heif import register_heif_opener
from PIL import Image, ImageCms, ImageOps

MEMORY_BYTES, PROCESSOR_SECONDS = 1024**3, 20
QUALITY = 80
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")


def renditions(data: bytes, most_pixels: int, edges: Sequence[int]) -> list[tuple[int, int, bytes]]:
    """Width, height and JPEG of the photo with each longest edge, upright, in sRGB and without metadata.

    Raises DecompressionBombError for too many pixels in the header, before anything is decoded, and other errors for a damaged file.
    """
    with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        if opened.width * opened.height > most_pixels:
            raise Image.DecompressionBombError
        # A JPEG is decoded at half or a quarter of its size when that is enough.
        opened.thumbnail((edges[0], edges[0]), Image.Resampling.BICUBIC, reducing_gap=2.0)
        image = _plain(ImageOps.exif_transpose(opened))
    made = []
    for edge in edges:
        image.thumbnail((edge, edge), Image.Resampling.LANCZOS, reducing_gap=2.0)
        file = io.BytesIO()
        image.save(file, "JPEG", quality=QUALITY, optimize=True)
        made.append((image.width, image.height, file.getvalue()))
    return made


def _plain(image: Image.Image) -> Image.Image:
    """The pixels alone, in sRGB, on white where they are transparent."""
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.new("RGB", layer.size, "white")
        image.paste(layer, mask=layer)
    if profile:
        image = _in_srgb(image, profile)
    plain = Image.new("RGB", image.size)
    plain.paste(image.convert("RGB"))
    return plain


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The image in sRGB; as it is when its colour profile is damaged or does not fit."""
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        found = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return found or image


def main() -> None:
    """Decode the photo on the standard input."""
    most_pixels, *edges = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    Image.MAX_IMAGE_PIXELS = most_pixels
    head: dict[str, object]
    try:
        made = renditions(sys.stdin.buffer.read(), most_pixels, edges)
    except (Image.DecompressionBombError, MemoryError):
        made, head = [], {"refused": "photo-too-many-pixels"}
    except Exception:  # noqa: BLE001 - a damaged file fails in any way
        made, head = [], {"refused": "photo-unreadable"}
    else:
        sizes = [{"width": width, "height": height, "bytes": len(data)} for width, height, data in made]
        head = {"renditions": sizes}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + b"".join(data for *_, data in made))


if __name__ == "__main__":
    main()
