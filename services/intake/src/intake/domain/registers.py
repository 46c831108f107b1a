"""The register of categories, and the version of the places."""

from dataclasses import dataclass

from intake.domain.categories import Category


@dataclass(frozen=True)
class Register:
    """A list that the agency edits, with the version of the file that it was read from.

    Places are documents of their own: their register has nothing but the version.
    """

    name: str
    version: str
    revision: int = 0
    categories: tuple[Category, ...] = ()

    def category(self, code: str) -> Category | None:
        """The category with this code, or None."""
        return next((category for category in self.categories if category.code == code), None)
