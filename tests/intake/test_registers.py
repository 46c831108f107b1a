"""The registers: what is shipped, what a mistake in them says, and when a new version comes into force."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from chassis.doors import Doors
from chassis.memory import MemoryStore
from intake.adapters.seed_files import UnusableSeed, read_categories, read_places
from intake.domain.registers import Kind, Register
from intake.entrypoints.seeding import load_registers
from intake.handlers.documents import REGISTERS

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "intake"


def test_every_kind_of_help_can_be_asked_for(registers: tuple[Register, Register]) -> None:
    categories, _ = registers

    assert {category.kind for category in categories.categories} == set(Kind)
    assert all(category.label and category.examples for category in categories.categories)


def test_every_neighbourhood_has_a_place_for_all_of_it(registers: tuple[Register, Register]) -> None:
    _, places = registers

    ids = {place.id for place in places.places}
    assert all(any(id_.endswith(place.neighbourhood) for id_ in ids) for place in places.places)


def test_the_shipped_mapping_leads_to_categories_and_places_that_exist(
    registers: tuple[Register, Register],
) -> None:
    categories, places = registers
    mapping = yaml.safe_load((SEED / "import-municipium.yaml").read_text())

    codes = {*mapping["categories"].values(), mapping["category_when_empty"]}
    assert codes <= {category.code for category in categories.categories}
    assert places.place(mapping["place"]["fixed"]) is not None


@pytest.mark.parametrize(
    ("file", "before", "after", "says"),
    [
        ("categories.yaml", "kind: technical", "kind: tecnico", "tecnico"),
        ("categories.yaml", "code: citofono", "code: ascensore", "ascensore is there twice"),
        ("categories.yaml", "code: citofono", "code: Città", "lower case"),
        ("categories.yaml", "code: citofono, ", "", "'code' is missing"),
        ("places.yaml", "provinces:", "province:", "'provinces' is missing"),
        ("places.yaml", "bg-monterosso-02", "bg-monterosso-01", "there twice"),
        ("places.yaml", "provinces:", "provinces: [", "not YAML"),
    ],
)
def test_a_mistake_in_a_file_names_the_file_and_the_mistake(
    tmp_path: Path, file: str, before: str, after: str, says: str
) -> None:
    reading = read_places if file == "places.yaml" else read_categories
    shutil.copytree(SEED, tmp_path, dirs_exist_ok=True)
    text = (tmp_path / file).read_text()
    (tmp_path / file).write_text(text.replace(before, after, 1))

    with pytest.raises(UnusableSeed, match=says) as unusable:
        reading(tmp_path)

    assert file in str(unusable.value)


def test_a_missing_folder_says_which_setting_names_it(tmp_path: Path) -> None:
    with pytest.raises(UnusableSeed, match="INTAKE_SEED"):
        read_categories(tmp_path / "nowhere")


async def test_a_restart_with_the_same_files_writes_nothing(
    doors: Doors, store: MemoryStore, registers: tuple[Register, Register]
) -> None:
    commits = store.now

    await load_registers(doors, registers)

    assert store.now == commits


async def test_going_back_to_a_former_file_is_a_new_revision(
    doors: Doors, registers: tuple[Register, Register]
) -> None:
    categories, _ = registers
    shorter = replace(categories, version="other", categories=categories.categories[:3])

    for register in (shorter, categories, shorter):
        await load_registers(doors, (register,))

    current = await doors.load(REGISTERS, "categories")
    assert current is not None
    assert (current.version, current.revision) == ("other", 4)
