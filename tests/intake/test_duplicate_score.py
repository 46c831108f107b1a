"""The score of reports that may be about the same problem: monotone in each part, symmetric where it says so."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake.conftest import SEED

from intake.adapters.seed_files import read_registers
from intake.app.duplicates import spot_of
from intake.domain.duplicates import (
    NEAR_METRES,
    Kinship,
    Known,
    Nearness,
    Query,
    Spot,
    Suggestion,
    distance_of,
    nearness,
    place_score,
    suggestions,
)
from intake.domain.place_tree import metres
from intake.domain.places import PlaceKind

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HERE = Spot("b1-a", "b1", "", "b1-a", None, 45.7, 9.67)
_, TREE = read_registers(SEED)
SPOTS = st.sampled_from([spot for one in TREE.places if (spot := spot_of(TREE, one.id)) is not None])
WORDS = st.lists(st.sampled_from([b"a", b"b", b"c", b"d", b"e"]), unique=True, max_size=5).map(tuple)


def known(**more: Any) -> Known:
    return replace(Known("one", HERE, "ascensore", Kinship.SAME, NOON, (b"a",)), **more)


def scored(one: Known, *others: Known, words: tuple[bytes, ...] = (b"a", b"b")) -> Suggestion:
    query = Query(HERE, "ascensore", NOON, words)
    return next(found for found in suggestions(query, [one, *others]) if found.report_id == "one")


@given(SPOTS, SPOTS)
def test_nearness_and_distance_are_the_same_in_both_directions(one: Spot, other: Spot) -> None:
    assert nearness(one, other) is nearness(other, one)
    assert distance_of(one, other) == pytest.approx(distance_of(other, one))


@given(st.floats(0, 500), st.floats(0, 500))
def test_the_nearer_place_has_the_higher_score(one: float, other: float) -> None:
    """Whatever the distances are, the order is asset, stair, building, near buildings by metres, and then all others."""
    near, far = sorted((one, other))
    scores = [
        *(place_score(kind, 0.0) for kind in (Nearness.ASSET, Nearness.STAIR, Nearness.BUILDING)),
        place_score(Nearness.NEARBY, near),
        place_score(Nearness.NEARBY, far),
        place_score(Nearness.FAR, 1e9),
    ]

    assert all(before >= after for before, after in pairwise(scores))
    assert place_score(Nearness.NEARBY, 1.0) > place_score(Nearness.NEARBY, NEAR_METRES)


@given(st.floats(0, 180), st.floats(0, 180), WORDS)
def test_the_nearer_in_time_and_category_the_higher_the_score(
    one: float, other: float, words: tuple[bytes, ...]
) -> None:
    newer, older = sorted((one, other))
    young = scored(known(at=NOON - timedelta(days=newer), words=words))
    old = scored(known(at=NOON - timedelta(days=older), words=words))
    by_kinship = [scored(known(kinship=each, words=words)).score for each in Kinship]

    assert young.score >= old.score
    assert scored(known(at=NOON + timedelta(days=newer), words=words)) == young
    assert by_kinship == sorted(by_kinship, reverse=True)


@given(WORDS, WORDS, st.lists(WORDS, max_size=4))
def test_words_in_common_and_nothing_else_raise_the_part_of_the_text(
    query: tuple[bytes, ...], words: tuple[bytes, ...], others: list[tuple[bytes, ...]]
) -> None:
    pool = [known(report_id=f"other-{number}", words=each) for number, each in enumerate(others)]
    found = scored(known(words=words), *pool, words=query)

    assert (found.text > 0) == bool(set(query) & set(words))
    assert found.text <= 0.6
    assert found.score == pytest.approx(found.place + found.category + found.age + found.text)


@given(WORDS, st.lists(WORDS, max_size=4))
def test_another_word_of_the_query_in_place_of_a_foreign_one_never_lowers_the_score(
    query: tuple[bytes, ...], others: list[tuple[bytes, ...]]
) -> None:
    pool = [known(report_id=f"other-{number}", words=each) for number, each in enumerate(others)]
    for number in range(len(query)):
        foreign = (*query[:number], *(b"foreign-%d" % at for at in range(len(query) - number)))
        common = (*query[: number + 1], *(b"foreign-%d" % at for at in range(len(query) - number - 1)))
        fewer, more = (scored(known(words=each), *pool, words=query).text for each in (foreign, common))
        assert more >= fewer or more == pytest.approx(0.6)


def test_the_buildings_around_a_point_are_those_of_a_whole_search_the_nearest_first() -> None:
    point = TREE.position("bg-monterosso-02")
    assert point is not None
    buildings = [one for one in TREE.places if one.kind is PlaceKind.BUILDING and one.lat is not None]
    for radius in (0, 60, 250, 3_000, 60_000):
        measured = ((metres(point, (one.lat, one.lon)), one.id) for one in buildings if one.lat and one.lon)
        wanted = [id_ for distance, id_ in sorted(measured) if distance <= radius]
        assert [one.id for one in TREE.buildings_within(point, radius, 10_000)] == wanted
        assert len(TREE.buildings_within(point, radius, 2)) == min(2, len(wanted))


async def test_a_report_of_the_building_next_door_is_suggested_with_its_distance_behind_that_of_the_own_one(
    client: httpx.AsyncClient,
) -> None:
    own, other = "bg-monterosso-01", "bg-monterosso-04"
    draft = {"category": "luce-scale", "description": "Lampione spento davanti al portone da ieri sera"}
    ids = [
        (await client.post("/v1/reports", json=draft | {"place_id": place})).json()["report_id"]
        for place in (other, own)
    ]

    answer = await client.post("/v1/duplicates", json=draft | {"place_id": own})

    found = answer.json()["duplicates"]
    assert [one["report_id"] for one in found] == ids[::-1]
    assert [(one["nearness"], one["metres"]) for one in found] == [("building", 0), ("nearby", 165)]
