"""The form of POST requests."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from fastapi import Request

from intake.app.open311_submissions import PostedRequest
from intake.domain.questions import Answer
from intake.entrypoints.api.open311.errors import Faults
from intake.entrypoints.api.open311.parameters import decimal

MEDIA_TYPE = "application/x-www-form-urlencoded"
MOST_FIELDS = 200
LONGEST_URL = 2000
# `attribute[code]=value`, and `attribute[code][]=value` for each of several values.
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,100})\](?:\[\])?")
_DATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T")
# The fields of GeoReport v2; `device_id` is not used.
_TEXTS = (
    "description",
    "address_id",
    "address_string",
    "media_url",
    "first_name",
    "last_name",
    "email",
    "phone",
)


@dataclass(frozen=True)
class RequestForm:
    """The fields of a form, the last of each name, and all values of each attribute."""

    fields: Mapping[str, str]
    attributes: Mapping[str, tuple[str, ...]]

    def text(self, name: str) -> str:
        """A field without surrounding whitespace; empty when it was not sent."""
        return self.fields.get(name, "").strip()

    def posted(self, language: str) -> PostedRequest:
        """The request; raises Faults with everything that is wrong with the form."""
        found = [*self._missing(), *self._media_faults()]
        if found:
            raise Faults(found)
        lat, long = decimal("lat", self.text("lat"), 90), decimal("long", self.text("long"), 180)
        texts = {name: self.text(name) for name in _TEXTS}
        answers = tuple(Answer(code, tuple(map(_day, values))) for code, values in self.attributes.items())
        code = self.text("service_code")
        return PostedRequest(code, **texts, lat=lat, long=long, language=language, answers=answers)

    def _missing(self) -> list[str]:
        found = []
        if not self.text("service_code"):
            found.append("service_code is missing: send one of GET services.")
        has_point = self.text("lat") and self.text("long")
        if not (has_point or self.text("address_id") or self.text("address_string")):
            found.append("The place is missing: send lat and long, or address_string, or address_id.")
        return found

    def _media_faults(self) -> list[str]:
        url = self.text("media_url")
        if not url or (_is_web_address(url) and len(url) <= LONGEST_URL):
            return []
        return [f"media_url: send an address that begins with https://, of at most {LONGEST_URL} characters."]


async def read_form(request: Request) -> RequestForm:
    """The form in the body; raises Faults for another media type, another encoding or too many fields."""
    sent = request.headers.get("content-type", MEDIA_TYPE).partition(";")[0].strip().lower()
    if sent != MEDIA_TYPE:
        raise Faults([f"The body is {sent or 'of no type'}: send {MEDIA_TYPE}."])
    try:
        body = (await request.body()).decode()
        pairs = parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError as error:
        raise Faults(["The body is not UTF-8."]) from error
    except ValueError as error:
        raise Faults([f"The body has more than {MOST_FIELDS} fields."]) from error
    attributes: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if found := _ATTRIBUTE.fullmatch(name):
            attributes[found[1]] = (*attributes.get(found[1], ()), value)
    return RequestForm(dict(pairs), attributes)


def _day(value: str) -> str:
    """The day of an answer that is sent as a date-time."""
    return value[:10] if _DATE_TIME.match(value) else value


def _is_web_address(written: str) -> bool:
    try:
        parts = urlsplit(written)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and written.isprintable()
    except ValueError:
        return False
