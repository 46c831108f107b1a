"""Plans have what they promise, and what is done between phone and gateway is what its name says."""

import json
from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.field.network import Request
from tests.field.plan import MOST_PHOTOS, Happening, make_plan
from tests.field.tampering import WORKER, AppUpdates, EarlyAnswers, ForgottenIds, answer_of

REPORT = "0192f0c4-5a5e-7c3d-8000-0123456789ab"


@given(st.integers(5, 60), st.integers(0, 8), st.integers(0, 5), st.integers())
def test_a_plan_has_every_report_photo_and_kill_once(reports: int, each: int, kills: int, seed: int) -> None:
    kills = min(kills, reports // 2)
    plan = make_plan(reports, reports * each, kills, seed)
    photos = [number for report in plan.typed for number in report.photos]
    assert sorted(photos) == [*range(1, reports * each + 1)]
    assert max(len(report.photos) for report in plan.typed) <= MOST_PHOTOS
    assert len({report.word for report in plan.typed}) == len(plan.typed) == reports
    assert plan.kills == kills
    happened = Counter(one for several in plan.happenings.values() for one in several)
    assert happened[Happening.AWAY] == happened[Happening.BACK] == happened[Happening.EXPIRED] == 1
    assert {*plan.happenings} <= {*range(reports)}
    when = {one: place for place in sorted(plan.happenings, reverse=True) for one in plan.happenings[place]}
    if kills:
        assert when[Happening.AWAY] <= when[Happening.KILL_SAVING] <= when[Happening.BACK]


def test_a_plan_without_room_is_refused() -> None:
    for reports, photos, kills in ((4, 0, 0), (5, 41, 0), (10, 0, 6)):
        with pytest.raises(ValueError, match="5 reports"):
            make_plan(reports, photos, kills, 1)


def get(path: str) -> Request:
    return Request(f"GET {path} HTTP/1.1\r\n\r\n".encode())


def put(path: str, body: bytes = b"{}") -> Request:
    return Request(f"PUT {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode(), body)


def test_an_update_has_files_at_other_addresses_and_none_at_the_old_ones() -> None:
    updates, build = AppUpdates(), "0123456789ab"
    script = (
        f'import "/campo/app/{build}/a.js";\nconst APP = {{"version": "{build}-aa", "kept": []}};'.encode()
    )
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(script), script)
    worker, other = get(WORKER), get("/segnalazioni")
    assert updates.answer(worker, answer) == answer
    updates.edition = 2
    assert updates.answer(other, answer) == answer
    head, _, body = updates.answer(worker, answer).partition(b"\r\n\r\n")
    assert body == script.replace(b"789ab/", b"789ab-e2/").replace(b"-aa", b"-aa-e2")
    assert f"Content-Length: {len(body)}".encode() in head
    assert updates.ask(get(f"/campo/app/{build}-e2/a.js")) == get(f"/campo/app/{build}/a.js")
    for gone in ("", "-e1"):
        assert b"404" in bytes(updates.ask(get(f"/campo/app/{build}{gone}/a.js")))  # type: ignore[arg-type]


def test_ids_are_forgotten_from_the_second_attempt_on_and_the_phone_does_not_see_it() -> None:
    forgotten, asked = ForgottenIds(), put(f"/v1/field/reports/{REPORT}")
    refused, registered = answer_of("401 Unauthorized", {}), answer_of("201 Created", {"report_id": REPORT})
    assert forgotten.answer(asked, refused) == refused
    assert forgotten.ask(asked) == asked
    assert forgotten.answer(asked, registered) == registered
    again = forgotten.ask(asked)
    assert isinstance(again, Request)
    other = again.path.rpartition("/")[2]
    assert other != REPORT
    assert UUID(other).version == 7
    assert REPORT in forgotten.answer(asked, answer_of("201 Created", {"report_id": other})).decode()
    photo = put(f"/v1/field/reports/{REPORT}/photos/{'a' * 64}")
    assert forgotten.ask(photo) == photo


def test_every_tenth_report_or_photo_is_acknowledged_too_early() -> None:
    early = EarlyAnswers(every=2)
    report, photo = put(f"/v1/field/reports/{REPORT}"), put(f"/v1/field/reports/{REPORT}/photos/{'a' * 64}")
    given_answers = [early.ask(one) for one in (report, report, photo, photo)]
    assert given_answers[::2] == [report, photo]
    bodies = [
        json.loads(one.partition(b"\r\n\r\n")[2]) for one in given_answers[1::2] if isinstance(one, bytes)
    ]
    assert [body.get("report_id") for body in bodies] == [REPORT, None]
    assert bodies[1] == {"sha256": "a" * 64}
    assert early.given == 2
    assert early.ask(Request(b"GET /campo HTTP/1.1\r\n\r\n")) == Request(b"GET /campo HTTP/1.1\r\n\r\n")
