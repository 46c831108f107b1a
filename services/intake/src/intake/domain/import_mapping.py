"""The mapping of an import: the meaning of the columns, categories and places of a foreign list."""

import unicodedata
from dataclasses import dataclass

COLUMNS = ("id", "date", "text", "category")
# The optional columns: the date of the closing, and the state.
CLOSED, STATE = "closed", "state"


@dataclass(frozen=True)
class PlaceRule:
    """The place of a row: one place for all rows, or a column's value looked up in a table."""

    fixed: str | None = None
    column: str | None = None
    table: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ImportMapping:
    """The content of a mapping file, its names in the form of `comparable`; `columns` maps our names to the file's.

    `cancelled` are the states of rows that were taken back.
    """

    source: str
    delimiter: str
    escape: str | None
    encoding: str
    columns: tuple[tuple[str, str], ...]
    dates: tuple[str, ...]
    timezone: str
    place: PlaceRule
    categories: tuple[tuple[str, str], ...]
    category_when_empty: str | None
    text_from_category: bool
    cancelled: tuple[str, ...] = ()

    def needed(self) -> tuple[str, ...]:
        """The columns that the list must have."""
        names = tuple(name for _, name in self.columns)
        return (*names, self.place.column) if self.place.column else names

    def category_codes(self) -> dict[tuple[str, ...], str]:
        """Every category code in the mapping, by its path in the file."""
        codes: dict[tuple[str, ...], str] = {("categories", label): code for label, code in self.categories}
        return codes | (
            {("category_when_empty",): self.category_when_empty} if self.category_when_empty else {}
        )

    def place_ids(self) -> dict[tuple[str, ...], str]:
        """Every place id in the mapping, by its path in the file."""
        ids: dict[tuple[str, ...], str] = {
            ("place", "map", value): place for value, place in self.place.table
        }
        return ids | ({("place", "fixed"): self.place.fixed} if self.place.fixed is not None else {})


def comparable(text: str) -> str:
    """The text in the form in which names are compared: Unicode NFC, without surrounding whitespace."""
    return unicodedata.normalize("NFC", text).strip()
