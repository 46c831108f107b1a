"""The texts of the categories in another language than Italian."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from intake.domain.categories import Categories, Category, Diversion, Group, Question

# The seven beside Italian, which is in the categories themselves.
LANGUAGES = ("en", "fr", "ar", "es", "ro", "uk", "zh")


@dataclass(frozen=True)
class CategoryTexts:
    """The texts of one language by their path, like `categories.ascensore.questions.fermo.label`; keywords by category or danger."""

    language: str
    version: str
    texts: Mapping[str, str] = field(default_factory=dict)
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    revision: int = 0


@dataclass(frozen=True)
class CategoryWords:
    """The words of the categories in the language of a reader; Italian where there is no translation."""

    texts: CategoryTexts | None = None

    def category(self, category: Category) -> str:
        """The label of a category."""
        return self._text(category_path(category.code), category.label)

    def group(self, group: Group) -> str:
        """The label of a group."""
        return self._text(f"groups.{group.code}", group.label)

    def diversion(self, diversion: Diversion) -> str:
        """The label of a danger."""
        return self._text(f"diversions.{diversion.code}.label", diversion.label)

    def question(self, category: Category, question: Question) -> str:
        """The words of a question."""
        return self._text(question_path(category.code, question.code, "label"), question.label)

    def hint(self, category: Category, question: Question) -> str:
        """The hint of a question, or nothing."""
        return self._text(question_path(category.code, question.code, "hint"), question.hint)

    def options(self, category: Category, question: Question) -> tuple[tuple[str, str], ...]:
        """The options of a question: their codes and labels; none for yes and no."""
        return tuple(
            (one.code, self._text(option_path(category.code, question.code, one.code), one.label))
            for one in question.options
        )

    def keywords(self, one: Category | Diversion) -> tuple[str, ...]:
        """The words by which people know a category or a danger."""
        path = f"categories.{one.code}" if isinstance(one, Category) else f"diversions.{one.code}"
        return self.texts.keywords.get(path, one.keywords) if self.texts else one.keywords

    def _text(self, path: str, italian: str) -> str:
        return self.texts.texts.get(path, italian) if self.texts else italian


def category_path(category: str) -> str:
    """The path of a category's label."""
    return f"categories.{category}.label"


def question_path(category: str, question: str, part: str) -> str:
    """The path of a question's label or hint."""
    return f"categories.{category}.questions.{question}.{part}"


def option_path(category: str, question: str, option: str) -> str:
    """The path of an option's label."""
    return f"categories.{category}.questions.{question}.options.{option}"


def paths(categories: Categories) -> tuple[str, ...]:
    """The paths of all texts, in the order of the file."""
    found = [f"groups.{group.code}" for group in categories.groups]
    found += [f"diversions.{danger.code}.label" for danger in categories.diversions]
    for category in categories.categories:
        found.append(category_path(category.code))
        for question in category.questions:
            found.append(question_path(category.code, question.code, "label"))
            if question.hint:
                found.append(question_path(category.code, question.code, "hint"))
            found += [option_path(category.code, question.code, one.code) for one in question.options]
    return tuple(found)
