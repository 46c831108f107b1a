"""The search for places, over the shipped register and over invented ones."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.place_search import MOST_HITS, PlaceIndex, words
from intake.domain.place_tree import PlaceTree
from intake.domain.places import Place
from intake.domain.registers import Register


@pytest.fixture(scope="module")
def index(registers: tuple[Register, PlaceTree]) -> PlaceIndex:
    """The places that are shipped."""
    return PlaceIndex([place for place in registers[1].places if place.is_reportable])


def ids(index: PlaceIndex, text: str) -> list[str]:
    return [place.id for place in index.find(text).places]


LUZZATTI = ["bg-malpensata-a"]
SECOND = ["bg-malpensata-02", "bg-malpensata-01", "bg-malpensata-a"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("via Luzzatti", LUZZATTI),
        ("LUZZATTI", LUZZATTI),
        ("v. luzzatti", LUZZATTI),
        ("luzati", LUZZATTI),
        ("Luzz", LUZZATTI),
        ("luzzatto", LUZZATTI),
        ("bergamo malpensata luzzatti via", LUZZATTI),
        ("via Luzzatti 48/B int. 3", LUZZATTI),
        ("v.le alpini 922", ["bg-seriate-02", "bg-seriate-01"]),
        ("luzzatti scala 2", SECOND),
        ("Luzzatti sc. 2", SECOND),
        ("luzzatti ascensore", ["bg-malpensata-01-lift", "bg-malpensata-02-lift"]),
        (
            "p.le del quartiere monterosso edificio C",
            [f"bg-monterosso{end}" for end in ("-04", "-01", "-b", "")],
        ),
        ("mons. polvara scala 2", ["lc-belledo-03", "lc-belledo-02", "lc-belledo-b"]),
        ("s. stefano", ["lc-santo-stefano"]),
        ("villaggio degli sposi", ["bg-villaggio-sposi"]),
        ("sondrio", ["so-la-piastra"]),
        ("lecco edificio A via turbada", ["lc-belledo-01"]),
    ],
)
def test_a_place_is_found_as_people_write_it_and_stands_for_its_parts(
    typed: str, found: list[str], index: PlaceIndex
) -> None:
    assert ids(index, typed) == found


@pytest.mark.parametrize("typed", ["", "  ", ".,;", "شارع", "xyzzy", "🏠"])
def test_words_that_no_place_has_find_nothing(typed: str, index: PlaceIndex) -> None:
    assert index.find(typed).places == ()


def test_there_are_more_hits_than_are_shown(index: PlaceIndex) -> None:
    found = index.find("edificio", 5)

    assert (len(found.places), found.more) == (5, True)


def test_a_common_word_alone_finds_its_places(index: PlaceIndex) -> None:
    assert "lc-rancio-01" in ids(index, "via sabotino")
    assert {place.label[:3] for place in index.find("via").places} == {"via"}


LABELS = st.lists(
    st.sampled_from(
        [
            "via",
            "Viale",
            "Piazza",
            "Luzzatti",
            "Sàn",
            "Bòsco",
            "edificio",
            "scala",
            "A",
            "B",
            "1",
            "22",
            "Nuova",
            "D'Acquisto",
        ]
    ),
    min_size=1,
    max_size=5,
).map(" ".join)
REGISTERS = st.lists(
    st.tuples(LABELS, st.sampled_from(["Celadina", "Longuelo-Loreto", "Santo Stefano"])),
    min_size=1,
    max_size=40,
).map(
    lambda rows: [
        Place(f"p{n}", label, "n", quarter, "b", "Bergamo") for n, (label, quarter) in enumerate(rows)
    ]
)


def full(place: Place) -> str:
    return f"{place.label} {place.neighbourhood_label} {place.province_label}"


@given(REGISTERS, st.data())
def test_every_place_is_among_the_first_hits_of_its_own_words(
    places: list[Place], data: st.DataObject
) -> None:
    wanted = data.draw(st.sampled_from(places))
    hits = PlaceIndex(places).find(full(wanted))

    for hit in hits.places[:1]:
        assert set(words(full(wanted))) <= set(words(full(hit)))
    assert wanted in hits.places or hits.more


@given(
    REGISTERS,
    LABELS,
    st.randoms(use_true_random=False),
    st.sampled_from(["upper", "lower", "plain", "twice"]),
)
def test_order_case_accents_and_repetition_make_no_difference(
    places: list[Place], typed: str, random: object, way: str
) -> None:
    index = PlaceIndex(places)
    shuffled = typed.split()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other = {
        "upper": typed.upper(),
        "lower": " ".join(shuffled).lower(),
        "plain": unicodedata.normalize("NFD", typed),
        "twice": f"{typed}, {typed}",
    }[way]

    assert index.find(other) == index.find(typed)


@given(REGISTERS, st.text(max_size=60))
def test_hits_are_places_of_the_register_each_once_and_at_most_twenty(
    places: list[Place], typed: str
) -> None:
    hits = PlaceIndex(places).find(typed).places

    assert len(hits) == len({hit.id for hit in hits}) <= MOST_HITS
    assert set(hits) <= set(places)


@given(REGISTERS, LABELS)
def test_a_word_that_no_place_has_is_ignored(places: list[Place], typed: str) -> None:
    index = PlaceIndex(places)

    assert index.find(f"{typed} qqwwxx 777") == index.find(typed)
