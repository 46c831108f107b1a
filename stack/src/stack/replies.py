"""Reads the answers of the public APIs and pages."""

import re
import time
from dataclasses import dataclass
from typing import Any

import httpx

Json = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """An answer, with the slug of its problem; status 0 when none arrived in time."""

    status: int
    slug: str
    body: Json
    sent_at: float
    answered_at: float


def read_reply(response: httpx.Response, began: float) -> Reply:
    """Reads an answer from JSON or from an HTML page; a redirect has its `location` in the body."""
    kind = response.headers.get("content-type", "").partition(";")[0]
    body, slug = read_page(response.text) if kind == "text/html" else read_json(response)
    if "seal" in body:
        body["cookie"] = cookies_after(response)
    if response.status_code == 303:
        body["location"] = response.headers.get("location", "")
    # The page with the numbers to call is no error, and nothing was registered.
    status = 422 if slug == "call-112" else response.status_code
    return Reply(status, slug if status >= 400 else "", body, began, time.time())


def cookies_after(response: httpx.Response) -> str:
    """The Cookie header of a browser that sent this request and has this answer."""
    known = dict(one.partition("=")[::2] for one in response.request.headers.get("cookie", "").split("; "))
    known |= dict(
        one.partition(";")[0].partition("=")[::2] for one in response.headers.get_list("set-cookie")
    )
    return "; ".join(f"{name}={value}" for name, value in known.items() if name)


def read_json(response: httpx.Response) -> tuple[Json, str]:
    """The JSON object (a list under `rows`), and the slug of its problem type."""
    try:
        found = response.json()
    except ValueError:
        return {}, "no-json"
    if isinstance(found, list):
        return {"rows": found}, ""
    return found, str(found.get("type", "")).rpartition(":")[2]


def read_page(page: str) -> tuple[Json, str]:
    """The tracking code and PIN or the hidden fields of a page, and the field that it rejects."""
    receipt = dict(re.findall(r'<dt>(Codice|PIN)</dt><dd><bdi dir="ltr">([^<]+)</bdi></dd>', page))
    body: Json = dict(re.findall(r'name="(report_id|seal)" value="([^"]+)"', page))
    if "Codice" in receipt:
        body |= {"tracking_code": receipt["Codice"].strip(), "pin": receipt.get("PIN", "").strip()}
    wrong = re.findall(r'id="(\w+)-errore"', page)
    danger = "È un pericolo: chiami subito" in page
    return body, "call-112" if danger else f"form:{wrong[0]}" if wrong else "form"
