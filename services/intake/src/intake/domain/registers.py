"""The registers of categories and places."""

from dataclasses import dataclass

from intake.domain.categories import Category
from intake.domain.places import Place


@dataclass(frozen=True)
class Register:
    """A list that the agency edits, with the version of the file that it was read from."""

    name: str
    version: str
    revision: int = 0
    categories: tuple[Category, ...] = ()
    places: tuple[Place, ...] = ()

    def category(self, code: str) -> Category | None:
        """The category with this code, or None."""
        return next((category for category in self.categories if category.code == code), None)

    def place(self, id: str) -> Place | None:  # noqa: A002 - a place's id is called id
        """The place with this id, or None."""
        return next((place for place in self.places if place.id == id), None)
