"""Reads the categories and the places, which the agency edits."""

from collections.abc import Callable, Sequence
from pathlib import Path

from chassis.seed import Fault, SeedError
from intake.adapters.category_files import read_categories
from intake.adapters.place_file import read_places
from intake.domain.categories import Categories
from intake.domain.place_tree import PlaceTree


def read_registers(folder: Path) -> tuple[Categories, PlaceTree]:
    """The categories and the places; raises SeedError with the errors of both."""
    try:
        categories = read_categories(folder)
    except SeedError as error:
        raise SeedError([*error.faults, *_faults_of(read_places, folder)]) from error
    return categories, read_places(folder)


def _faults_of(read: Callable[[Path], object], folder: Path) -> Sequence[Fault]:
    try:
        read(folder)
    except SeedError as error:
        return error.faults
    return ()
