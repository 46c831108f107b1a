"""Phone numbers as people write them."""

import re

_EXTENSION = re.compile(r",? ?(?:int|interno|ext)\b.*", re.IGNORECASE)


def dialable(phone: str) -> str:
    """The number that a phone dials: a plus at its beginning and digits, without the extension of an office."""
    number = _EXTENSION.sub("", phone)
    return ("+" if number.lstrip().startswith("+") else "") + "".join(one for one in number if one.isdigit())
