"""Plays a listening session as an operator's phone does, and adds photos as a tenant does."""

import hashlib
import struct
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from stack.replies import Json
from stack.scenario_world import Talk, about_of

if TYPE_CHECKING:
    from stack.play import Player

PHOTO_EDGE = 48


async def hold(player: "Player", talk: Talk) -> None:
    """Holds one talk: it begins, the household is described, each problem is sent twice, then it ends, twice too."""
    sessions = f"{player.apis.intake}/v1/sessions"
    url = f"{sessions}/{talk.session_id}"
    await player.request_as("operator", "POST", sessions, json={"session_id": talk.session_id})
    await player.request_as("operator", "PUT", f"{url}/household", json=talk.household)
    for report in talk.reports:
        problem = {name: value for name, value in report.body.items() if name != "report_id"}
        where = f"{url}/reports/{report.report_id}"
        about = about_of(replace(report, body=report.body | talk.household | {"channel": "operator"}))
        first = await player.request_as("operator", "PUT", where, json=problem)
        player.log_answer("report", report.body, "accepted", first, about)
        again = await player.request_as("operator", "PUT", where, json=problem)
        player.log_answer("repeat", report.body, "known", again)
    await player.request_as("operator", "PUT", f"{url}/follow-ups/{talk.session_id}", json=talk.follow_up)
    taken = {"reports": [report.report_id for report in talk.reports], "what": talk.follow_up["what"]}
    for _ in range(2):
        ended = await player.request_as("operator", "POST", f"{url}/end", json={})
    player.log_answer("talk", {"report_id": talk.session_id}, "ended", ended, taken)


async def add_photos(player: "Player", report_id: str, receipt: Json, count: int) -> None:
    """Adds so many photos to a report, the first one twice."""
    for number in (*range(count), 0):
        data = photo(f"{report_id} {number}")
        digest = hashlib.sha256(data).hexdigest()
        headers = {"Ascolto-Pin": str(receipt.get("pin")), "Content-Type": "image/png"}
        url = f"{player.apis.intake}/v1/reports/{report_id}/photos/{digest}"
        reply = await player.request("PUT", url, content=data, headers=headers)
        player.log_answer("photo", {"report_id": report_id}, digest, reply)


def photo(words: str) -> bytes:
    """A small PNG; other words give another one."""
    shades = hashlib.shake_128(words.encode()).digest(PHOTO_EDGE * PHOTO_EDGE)
    rows = b"".join(b"\0" + shades[at : at + PHOTO_EDGE] for at in range(0, len(shades), PHOTO_EDGE))
    head = struct.pack(">IIBBBBB", PHOTO_EDGE, PHOTO_EDGE, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
