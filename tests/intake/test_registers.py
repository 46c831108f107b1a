"""The registers: the shipped files, the errors of invalid files, and the loading of a new version."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from chassis.http.context import ServiceContext
from chassis.seed import SeedError
from chassis.store.memory import MemoryStore
from intake.adapters.seed_files import read_registers
from intake.app.registers import load_categories, load_registers
from intake.domain.categories import Categories, Kind
from intake.domain.place_tree import PlaceTree
from intake.domain.places import PlaceKind
from intake.handlers.documents import CATEGORIES

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "intake"


def test_every_kind_has_a_category(registers: tuple[Categories, PlaceTree]) -> None:
    categories, _ = registers

    assert {category.kind for category in categories.categories} == set(Kind)
    assert all(category.label and category.keywords for category in categories.categories)


def test_every_neighbourhood_has_a_place_for_all_of_it(registers: tuple[Categories, PlaceTree]) -> None:
    _, places = registers

    codes = {one.neighbourhood for one in places.places if one.kind is PlaceKind.NEIGHBOURHOOD}
    assert codes == {one.neighbourhood for one in places.places} - {""}


def test_the_shipped_mapping_names_existing_categories_and_places(
    registers: tuple[Categories, PlaceTree],
) -> None:
    categories, places = registers
    mapping = yaml.safe_load((SEED / "import-municipium.yaml").read_text())

    codes = {*mapping["categories"].values(), mapping["category_when_empty"]}
    assert codes <= {category.code for category in categories.categories}
    assert places.place(mapping["place"]["fixed"]) is not None


@pytest.mark.parametrize(
    ("file", "before", "after", "line", "says"),
    [
        ("places.csv", "id;kind;", "id;tipo;", 1, "kind: is missing in the first line"),
        ("places.csv", "bg-monterosso-04;", "bg-monterosso-01;", 28, "is there twice, first on line 4"),
        ("places.csv", "bergamo;malpensata;", "bergamo;monterosso;", 35, "is there twice, first on line 3"),
        ("places.csv", "Bergamo;;;;45.6983", 'Bergamo;;;;"45.6983', 342, "is not a table"),
        ("places.csv", "edificio C;;", "edificio C, cortile interno;", 28, "has 11 cells"),
        (
            "places.csv",
            "-01;building;bg-monterosso;",
            "-01;building;bg-atlantide;",
            4,
            "no such place; write the id of its",
        ),
        (
            "places.csv",
            "-02;stair;bg-monterosso-b",
            "-02;stair;bg-monterosso",
            16,
            "is a neighbourhood; write the id",
        ),
        ("places.csv", "45.7142;9.6793;", "45.7142;;", 3, "lon: write both coordinates, or none"),
        ("places.csv", "45.7142", "4571.42", 3, "write degrees like 45.69 from -90 to 90"),
        ("places.csv", ";24121;", ";2412;", 3, "write the five digits"),
        (
            "places.csv",
            "tetto;roof;",
            "tetto;;",
            5,
            "write one of lift, boiler, gate, roof, cellar for an asset",
        ),
        ("places.csv", "45.7133;9.68;;", "45.7133;9.68;;presto", 4, "write a day like 2026-11-30"),
    ],
)
def test_a_mistake_names_the_file_the_line_and_the_fix(
    tmp_path: Path, file: str, before: str, after: str, line: int, says: str
) -> None:
    shutil.copytree(SEED, tmp_path, dirs_exist_ok=True)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert before in text
    (tmp_path / file).write_text(text.replace(before, after, 1), encoding="utf-8")

    with pytest.raises(SeedError) as refused:
        read_registers(tmp_path)

    told = [fault for fault in refused.value.faults if says in str(fault)]
    assert [(fault.file.name, fault.line) for fault in told] == [(file, line)]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"nowhere/categories\.yaml.*name the folder"):
        read_registers(tmp_path / "nowhere")


async def test_a_restart_with_the_same_files_writes_nothing(
    context: ServiceContext, store: MemoryStore, registers: tuple[Categories, PlaceTree]
) -> None:
    commits = store.now

    await load_registers(context, *registers)

    assert store.now == commits


async def test_going_back_to_a_former_file_is_a_new_revision(
    context: ServiceContext, registers: tuple[Categories, PlaceTree]
) -> None:
    categories, _ = registers
    shorter = replace(categories, version="other", categories=categories.categories[:3])

    for register in (shorter, categories, shorter):
        await load_categories(context, register)

    current = await context.load(CATEGORIES, "categories")
    assert current is not None
    assert (current.version, current.revision) == ("other", 4)
