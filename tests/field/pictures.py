"""Photos that show their own number in black and white fields, so that it can be read from whatever was made of them."""

import hashlib
import io
import random

from PIL import Image, ImageDraw

COLUMNS, ROWS, CELL = 8, 5, 80
SIZE = (COLUMNS * CELL, ROWS * CELL)
NUMBER_BITS, CHECK_BITS = 20, 20
_NOISE = 24


def photo(number: int) -> bytes:
    """A JPEG of about 40 kB that shows this number; another number, other bytes."""
    image = Image.new("L", SIZE)
    draw = ImageDraw.Draw(image)
    for place, bit in enumerate(_bits(number)):
        left, top = place % COLUMNS * CELL, place // COLUMNS * CELL
        draw.rectangle((left, top, left + CELL - 1, top + CELL - 1), fill=210 if bit else 45)
    grain = Image.frombytes("L", SIZE, random.Random(number).randbytes(SIZE[0] * SIZE[1]))
    shaded = Image.blend(image, grain, _NOISE / 255)
    file = io.BytesIO()
    shaded.convert("RGB").save(file, "JPEG", quality=80)
    return file.getvalue()


def number_of(data: bytes) -> int | None:
    """The number that an image shows; None when it shows none."""
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("L").resize(SIZE)
    bits = []
    for place in range(COLUMNS * ROWS):
        left, top = place % COLUMNS * CELL, place // COLUMNS * CELL
        middle = image.crop((left + CELL // 4, top + CELL // 4, left + CELL * 3 // 4, top + CELL * 3 // 4))
        bits.append(int(middle.resize((1, 1), Image.Resampling.BOX).tobytes()[0] > 127))
    number = int("".join(map(str, bits[:NUMBER_BITS])), 2)
    return number if bits == _bits(number) else None


def _bits(number: int) -> list[int]:
    check = int.from_bytes(hashlib.sha256(str(number).encode()).digest()[:4]) >> (32 - CHECK_BITS)
    return [int(bit) for bit in f"{number:0{NUMBER_BITS}b}{check:0{CHECK_BITS}b}"]
