"""The current categories and places, read at most every three seconds, and their loading at start."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from chassis.documents import Collection
from chassis.errors import Refused, Unavailable
from chassis.service import ServiceContext
from intake.app.places import load_places, read_tree
from intake.domain.categories import Categories
from intake.domain.category_texts import LANGUAGES, CategoryTexts, CategoryWords
from intake.domain.place_tree import PlaceTree
from intake.domain.registers import Register
from intake.handlers.documents import CATEGORIES, CATEGORY_TEXTS, PLACE_TREE, REGISTERS
from intake.handlers.load_categories import LoadCategories, LoadCategoryTexts
from intake.handlers.load_register import LoadRegister
from intake.queries.reports import has_reports_of

T = TypeVar("T")

FRESH = timedelta(seconds=3)


class Registers:
    """Reads categories, their texts and places, at most one query every three seconds for each."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._cached: dict[tuple[str, str], tuple[Any, datetime]] = {}
        self._refresh = asyncio.Lock()
        self._tree: PlaceTree | None = None

    async def categories(self) -> Categories:
        """The categories, at most three seconds old; raises Unavailable before they are first loaded."""
        found = await self._current(CATEGORIES, "categories")
        if found is None:
            raise Unavailable("the categories are not loaded yet")
        return found

    async def words(self, language: str) -> CategoryWords:
        """The words of the categories in a language; Italian where there is no translation."""
        if language not in LANGUAGES:
            return CategoryWords()
        texts = await self._current(CATEGORY_TEXTS, language)
        return CategoryWords(texts)

    async def all_words(self) -> tuple[CategoryWords, ...]:
        """The words of the categories in every language."""
        return (CategoryWords(), *[await self.words(language) for language in LANGUAGES])

    async def places(self) -> PlaceTree:
        """The tree of all places, read again when their version has changed; raises Unavailable before it is first loaded."""
        register = await self._current(REGISTERS, PLACE_TREE)
        if register is None:
            raise Unavailable("the places are not loaded yet")
        if self._tree is not None and self._tree.version == register.version:
            return self._tree
        async with self._refresh:
            if self._tree is None or self._tree.version != register.version:
                self._tree = await read_tree(self._context, register.version)
            return self._tree

    async def _current(self, collection: Collection[T], name: str) -> T | None:
        key = (collection.name, name)
        if not self._is_fresh(key):
            async with self._refresh:
                if not self._is_fresh(key):
                    self._cached[key] = (await self._context.load(collection, name), self._context.clock())
        return cast("T | None", self._cached[key][0])

    def _is_fresh(self, key: tuple[str, str]) -> bool:
        """Whether the document was read a moment ago; one that is not there yet is asked for each time."""
        cached = self._cached.get(key)
        return cached is not None and cached[0] is not None and self._context.clock() - cached[1] < FRESH


async def load_registers(context: ServiceContext, categories: Categories, places: PlaceTree) -> None:
    """Store each list whose version is not the current one; replicas that start together store it once.

    Raises Refused for categories without a code that reports have.
    """
    await load_categories(context, categories)
    current = await context.load(REGISTERS, PLACE_TREE)
    if current is None or current.version != places.version:
        await load_places(context, places)
        await load_register(context, Register(PLACE_TREE, places.version))


async def load_seed(
    context: ServiceContext, categories: Categories, places: PlaceTree, texts: Sequence[CategoryTexts]
) -> None:
    """Store the registers and the texts of the categories; promises and raises what `load_registers` does."""
    await load_registers(context, categories, places)
    await load_category_texts(context, texts)


async def load_categories(context: ServiceContext, found: Categories) -> None:
    """Store the categories unless their version is the current one; raises Refused where a code is gone that reports have."""
    current = await context.load(CATEGORIES, found.name)
    if current is not None and current.version == found.version:
        return
    for gone in current.categories if current else ():
        if found.category(gone.code) is None and await has_reports_of(context, gone.code):
            raise Refused(
                "category-gone",
                f"categories.yaml: {gone.code} is missing, and reports have it",
                status=422,
                field="categories",
                fix="write the category again, with closed: true",
            )
    id_ = f"register:{found.name}:{current.revision + 1 if current else 1}:{found.version}"
    await context.run(LoadCategories(found), id=id_, key=found.name)


async def load_category_texts(context: ServiceContext, texts: Sequence[CategoryTexts]) -> None:
    """Store the texts of each language whose version is not the current one."""
    for one in texts:
        current = await context.load(CATEGORY_TEXTS, one.language)
        if current is None or current.version != one.version:
            id_ = f"texts:{one.language}:{current.revision + 1 if current else 1}:{one.version}"
            await context.run(LoadCategoryTexts(one), id=id_, key=one.language)


async def load_register(context: ServiceContext, register: Register) -> None:
    """Store a register unless its version is the current one."""
    current = await context.load(REGISTERS, register.name)
    if current is not None and current.version == register.version:
        return
    revision = 1 if current is None else current.revision + 1
    await context.run(
        LoadRegister(register),
        id=f"register:{register.name}:{revision}:{register.version}",
        key=register.name,
    )
