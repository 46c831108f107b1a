"""Files to choose in a browser."""

import io

from PIL import Image
from playwright.sync_api import FilePayload


def photo(number: int = 0) -> FilePayload:
    """A photo as a phone takes it; another number, another photo."""
    data = io.BytesIO()
    Image.effect_noise((2400, 1600), 80 + number).convert("RGB").save(data, "JPEG")
    return {"name": "foto.jpg", "mimeType": "image/jpeg", "buffer": data.getvalue()}
