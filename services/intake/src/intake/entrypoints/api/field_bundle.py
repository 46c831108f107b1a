"""What a phone needs to work without a network: the places with the rules of their search, and the categories with their questions."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from intake.app.registers import Registers
from intake.domain.place_search import search_rules
from intake.domain.place_tree import PlaceTree
from intake.domain.places import Place, PlaceKind
from intake.entrypoints.api.categories import category_tree


@dataclass(frozen=True)
class FieldBundle:
    """The JSON of one language, and its entity tag."""

    body: bytes
    tag: str


class FieldBundles:
    """Renders the bundle once for each language and version of the registers."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._known: dict[str, tuple[tuple[str, ...], FieldBundle]] = {}

    async def of(self, language: str) -> FieldBundle:
        """The present bundle in this language."""
        tree, categories = await self._registers.places(), await self._registers.categories()
        words = await self._registers.words(language)
        versions = (tree.version, categories.version, words.texts.version if words.texts else "")
        known = self._known.get(language)
        if known is None or known[0] != versions:
            listed = category_tree(categories, words, language).model_dump(mode="json")
            body = {"places": rows_of(tree), "categories": listed, "search": search_rules()}
            known = self._known[language] = (versions, _bundle(body))
        return known[1]


def _bundle(body: Mapping[str, Any]) -> FieldBundle:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return FieldBundle(text, f'"{hashlib.sha256(text).hexdigest()[:32]}"')


def rows_of(tree: PlaceTree) -> Mapping[str, Any]:
    """The open places as rows, in the order of the register, which breaks ties of the search."""
    found = [one for one in tree.places if one.closed_on is None and one.kind is not PlaceKind.PROVINCE]
    around = {one.neighbourhood: [one.neighbourhood_label, one.province_label] for one in found}
    return {"version": tree.version, "neighbourhoods": around, "rows": [_row(one) for one in found]}


def _row(one: Place) -> list[Any]:
    return [
        one.id,
        one.kind.value,
        one.label,
        one.parent,
        one.neighbourhood,
        one.asset.value if one.asset else None,
        one.address,
        one.postal_code,
        list(one.aliases),
    ]
