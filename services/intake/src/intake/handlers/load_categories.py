"""Store the categories that the agency has edited, and their texts in the other languages."""

from dataclasses import dataclass, replace

from chassis.handling import NOTHING, Change, Moment
from intake.domain.categories import Categories
from intake.domain.category_texts import CategoryTexts
from intake.handlers.documents import CATEGORIES, CATEGORY_TEXTS


@dataclass(frozen=True)
class LoadCategories:
    """Store the categories as their file has them now."""

    categories: Categories


@dataclass(frozen=True)
class LoadCategoryTexts:
    """Store the texts of a language as its file has them now."""

    texts: CategoryTexts


def load_categories(command: LoadCategories, current: Categories | None, moment: Moment) -> Change:  # noqa: ARG001
    """Store the categories as the next revision, unless this version is the current one."""
    found = command.categories
    if current is not None and current.version == found.version:
        return NOTHING
    return Change(write=[CATEGORIES.put(replace(found, revision=current.revision + 1 if current else 1))])


def load_category_texts(
    command: LoadCategoryTexts,
    current: CategoryTexts | None,
    moment: Moment,  # noqa: ARG001
) -> Change:
    """Store the texts as the next revision, unless this version is the current one."""
    found = command.texts
    if current is not None and current.version == found.version:
        return NOTHING
    return Change(write=[CATEGORY_TEXTS.put(replace(found, revision=current.revision + 1 if current else 1))])
