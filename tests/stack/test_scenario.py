"""Scenarios are deterministic for a seed, have new ids for another start, and cover all cases."""

import json
import uuid
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from stack.play import form_of
from stack.play_talks import photo
from stack.replies import read_reply
from stack.scenario import DEFECTS, generate
from stack.scenario_phones import CLOSED_PLACE
from stack.scenario_world import Scenario

START = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
SEEDED = Path(__file__).parents[2] / "deploy" / "seed" / "intake" / "places.csv"
CATEGORIES: list[dict[str, Any]] = [
    {
        "code": "ascensore",
        "label": "Ascensore",
        "kind": "technical",
        "examples": ["ascensore fermo"],
        "visibility": "public",
    },
    {"code": "bollette", "label": "Bollette", "kind": "administrative", "examples": ["conguaglio"]},
    {"code": "vicinato", "label": "Vicinato", "kind": "social", "examples": []},
    {"code": "contributo-affitto", "label": "Contributo", "kind": "contribution", "examples": ["aiuto"]},
    {"code": "pericolo", "label": "Pericolo", "kind": "danger", "examples": ["gas"]},
]
PLACES: list[dict[str, Any]] = [
    {"id": f"{province[:2]}-{number}", "province": province}
    for province in ("bergamo", "lecco", "sondrio")
    for number in range(3)
]


def a_scenario(seed: int = 1, start: datetime = START, size: int = 330) -> Scenario:
    return generate(seed, CATEGORIES, PLACES, start, size)


def test_the_same_seed_gives_the_same_scenario() -> None:
    assert a_scenario() == a_scenario()
    assert a_scenario() != a_scenario(seed=2)


def test_the_same_seed_at_another_time_gives_other_ids() -> None:
    today = {report.report_id for report in a_scenario().reports}
    later = {report.report_id for report in a_scenario(start=START.replace(minute=31)).reports}

    assert not today & later


def test_every_id_is_a_new_uuid_of_version_7() -> None:
    ids = [report.report_id for report in a_scenario().reports]

    assert len(set(ids)) == len(ids) == 330
    assert {uuid.UUID(name).version for name in ids} == {7}


@pytest.mark.parametrize("seed", range(5))
def test_a_scenario_covers_all_cases(seed: int) -> None:
    scenario = a_scenario(seed)
    kinds = Counter(report.kind for report in scenario.reports)

    assert kinds["contribution"] == 50
    assert kinds["technical"] > kinds["administrative"] > kinds["social"] > 0
    assert {report.body["channel"] for report in scenario.reports} == {"web", "phone", "operator", "api"}
    assert (len(scenario.again), len(scenario.reused), len(scenario.withdrawn), len(scenario.resolved)) == (
        15,
        5,
        10,
        25,
    )
    assert len(scenario.invalid) == 2 * len(DEFECTS)


def test_talks_have_reports_of_their_own_and_some_reports_have_photos() -> None:
    scenario = a_scenario()
    told = [report for talk in scenario.talks for report in talk.reports]
    ids = [talk.session_id for talk in scenario.talks] + [report.report_id for report in told]

    assert Counter(len(talk.reports) for talk in scenario.talks) == {1: 4, 2: 4, 3: 4}
    assert len({*ids, *(report.report_id for report in scenario.reports)}) == len(ids) + 330
    assert all(report.kind != "contribution" and "contact" not in report.body for report in told)
    assert set(scenario.photos.values()) == {1, 2, 3}


def test_reports_about_the_problem_of_another_one_have_its_category_and_place_and_a_contact_of_their_own() -> (
    None
):
    scenario = a_scenario()
    mains = {report.number: report for report in scenario.reports}
    pairs = [(mains[number], joiner) for number, found in scenario.joins.items() for joiner in found]

    assert Counter(map(len, scenario.joins.values())) == {1: 3, 2: 3, 3: 3}
    assert len({joiner.report_id for _, joiner in pairs} | {one.report_id for one in scenario.reports}) == 348
    assert not set(scenario.joins) & scenario.withdrawn
    assert set(scenario.joins) & scenario.resolved
    for main, joiner in pairs:
        assert (joiner.body["category"], joiner.body["place_id"]) == (
            main.body["category"],
            main.body["place_id"],
        )
        assert joiner.body.get("contact") != main.body.get("contact")


def test_phones_have_reports_of_their_own_and_one_of_them_says_a_place_that_was_closed() -> None:
    scenario = a_scenario()
    told = [one for phone in scenario.phones for one in (*phone.talk.reports, phone.alone)]
    others = {report.report_id for talk in scenario.talks for report in talk.reports}
    others |= {report.report_id for report in scenario.reports}

    assert len(scenario.phones) == 4
    assert len({one.report_id for one in told} - others) == len(told) == 10
    assert [phone.shown_place for phone in scenario.phones] == [CLOSED_PLACE, "", "", ""]
    [closed] = [row for row in SEEDED.read_text().splitlines() if row.startswith(f"{CLOSED_PLACE};")]
    assert closed.rpartition(";")[2] < START.date().isoformat()
    assert len({phone.behind for phone in scenario.phones}) == 4


def test_a_photo_is_a_png_of_its_own() -> None:
    first, again, other = photo("one"), photo("one"), photo("another")

    assert first == again != other
    assert first.startswith(b"\x89PNG")


def test_applications_cover_all_provinces_and_outcomes() -> None:
    asked = [report for report in a_scenario().reports if report.data]

    assert {report.province for report in asked} == {"bergamo", "lecco", "sondrio"}
    assert all(report.data and report.data["tenancy"]["province"] == report.province for report in asked)
    assert Counter(report.expect for report in asked)["refused"] >= 10
    assert Counter(report.expect for report in asked)["eligible"] >= 25


def test_no_report_is_from_the_future_or_from_a_real_person() -> None:
    for report in a_scenario().reports:
        received = report.body.get("heard_at")
        assert received is None or datetime.fromisoformat(received) <= START
        assert report.body.get("contact", {}).get("email", "@example.org").endswith("@example.org")


def test_names_and_texts_belong_to_one_report_each() -> None:
    reports = a_scenario(size=800).reports
    names = [report.body["contact"]["name"] for report in reports if "contact" in report.body]
    texts = [report.body["description"] for report in reports]

    assert len(set(names)) == len(names)
    assert len(set(texts)) == len(texts)


def test_only_the_malformed_body_is_not_json() -> None:
    for invalid in a_scenario().invalid:
        if invalid.expect == "malformed-json":
            with pytest.raises(ValueError):
                json.loads(invalid.content)
        else:
            assert json.loads(invalid.content)


def test_a_small_scenario_is_generated_too() -> None:
    assert len(a_scenario(size=10).reports) == 10


def test_a_browser_sends_empty_fields_for_what_is_not_known() -> None:
    report = next(report for report in a_scenario().reports if "contact" not in report.body)

    fields = form_of(report.body)

    assert fields["email"] == ""
    assert fields["report_id"] == report.report_id
    assert "heard_at" not in fields


@pytest.mark.parametrize(
    ("status", "kind", "text", "slug", "body"),
    [
        (200, "text/html", '<dt>Codice</dt><dd><bdi dir="ltr">AB-CD</bdi></dd> <dt>PIN</dt><dd><bdi dir="ltr">123456</bdi></dd>', "", {"tracking_code": "AB-CD", "pin": "123456"}),
        (200, "text/html", '<input type="hidden" name="report_id" value="x">', "", {"report_id": "x"}),
        (422, "text/html", '<p class="fault" id="place_id-errore">Dove?</p>', "form:place_id", {}),
        (200, "text/html", "<h1>È un pericolo: chiami subito</h1>", "call-112", {}),
        (422, "application/problem+json", '{"type": "urn:ascolto:problem:unknown-place"}', "unknown-place", {"type": "urn:ascolto:problem:unknown-place"}),
        (200, "application/json", '[{"a": 1}]', "", {"rows": [{"a": 1}]}),
        (502, "text/plain", "bad gateway", "no-json", {}),
    ],
)  # fmt: skip
def test_answers_are_parsed(status: int, kind: str, text: str, slug: str, body: dict[str, Any]) -> None:
    response = httpx.Response(status, headers={"content-type": f"{kind}; charset=utf-8"}, text=text)

    reply = read_reply(response, 0.0)

    assert (reply.status, reply.slug, reply.body) == (422 if slug == "call-112" else status, slug, body)
