"""What each step of a report offers: groups, categories, places, questions, and what was answered in words."""

from collections.abc import Mapping, Sequence

from fastapi import Request

from intake.domain.categories import Categories, Category, Diversion, Kind, Question
from intake.domain.category_search import find_categories
from intake.domain.category_texts import CategoryWords
from intake.domain.places import PlaceKind
from intake.domain.questions import only_asked
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.place_choices import (
    by_neighbourhood,
    flats_of,
    neighbourhoods,
    parts_of,
    short_label,
)
from intake.entrypoints.pages.question_fields import answers_in_words, answers_of, question_fields
from intake.entrypoints.pages.report_drafts import JudgedForm, ReportDrafts
from intake.entrypoints.pages.report_form import (
    CATEGORY,
    PLACE,
    POINT,
    PROBLEM,
    QUESTIONS,
    SAME,
    SUMMARY,
    Answers,
    FormStep,
)
from intake.entrypoints.pages.same_problems import same_problems
from webkit.i18n import PUBLIC

Options = Sequence[tuple[str, ...]]
# Dangers come first.
GROUPS = (Kind.DANGER, Kind.TECHNICAL, Kind.ADMINISTRATIVE, Kind.SOCIAL, Kind.CONTRIBUTION)


class StepChoices:
    """Finds what a step offers, in the language of the reader."""

    def __init__(self, front: Front, drafts: ReportDrafts) -> None:
        self._front, self._drafts = front, drafts

    async def of(
        self,
        request: Request,
        step: FormStep,
        answers: Answers,
        judged: JudgedForm,
        search: str | None,
    ) -> Mapping[str, object]:
        """The values of the step's template."""
        if step in (PROBLEM, CATEGORY):
            return await self._subjects(request, step, answers, search or "")
        if step is PLACE:
            return await self._places(answers, search)
        if step is POINT:
            return await self._point(answers)
        if step is QUESTIONS:
            return await self._questions(request, answers, judged.questions)
        if step is SAME:
            now = self._front.context.clock()
            return {"same": await same_problems(self._front, request, judged.same), "now": now}
        tongue = answers.language or self._front.language(request).code
        if step is SUMMARY:
            return await self._summary(request, answers, tongue)
        return {"tongue": tongue if tongue in PUBLIC else "it"}

    async def _subjects(
        self, request: Request, step: FormStep, answers: Answers, search: str
    ) -> Mapping[str, object]:
        """The kinds, or the categories of one by group; or those that have the words of the search."""
        if step is PROBLEM and not search:
            return {"groups": self._kinds(request), "search": "", "hits": (), "dangers": ()}
        categories, words = await self._words(request)
        hits = find_categories(categories, words, search)
        return {
            "groups": self._kinds(request),
            "categories": _by_group(categories, words, answers.group) if step is CATEGORY else (),
            "search": search,
            "hits": [(one.code, words.category(one)) for one in hits],
            "dangers": self._in_words(words, await self._drafts.dangers(search)) if search else (),
        }

    def _kinds(self, request: Request) -> Options:
        language = self._front.language(request)
        return [
            (
                kind.value,
                language.label("category-group", kind.value),
                language.label("group-hint", kind.value),
            )
            for kind in GROUPS
        ]

    async def _questions(
        self, request: Request, answers: Answers, questions: Sequence[Question]
    ) -> Mapping[str, object]:
        categories, words = await self._words(request)
        category = categories.category(answers.category)
        if category is None:
            return {"questions": (), "about": ""}
        language = self._front.language(request)
        fields = question_fields(category, questions, answers.given or {}, words, language)
        return {"questions": fields, "about": words.category(category)}

    async def _summary(self, request: Request, answers: Answers, tongue: str) -> Mapping[str, object]:
        _, words = await self._words(request)
        category, kind = await self._drafts.subject(answers)
        given = only_asked(category, answers_of(answers.given or {}), kind) if category else ()
        return {
            "words": await self._front.words(request, answers.category, answers.place_id),
            "flat": (await self._front.use_cases.registers.places()).place(answers.flat),
            "replies": answers_in_words(category, given, words, self._front.language(request)),
            "dangers": self._in_words(words, await self._drafts.dangers(answers.description)),
            "tongue": tongue,
        }

    async def _words(self, request: Request) -> tuple[Categories, CategoryWords]:
        registers = self._front.use_cases.registers
        return await registers.categories(), await registers.words(self._front.language(request).code)

    @staticmethod
    def _in_words(words: CategoryWords, dangers: Sequence[Diversion]) -> Sequence[tuple[str, Sequence[str]]]:
        return [(words.diversion(one), one.calls) for one in dangers]

    async def _places(self, answers: Answers, search: str | None) -> Mapping[str, object]:
        """The hits of the search, the place chosen before among them, and all neighbourhoods."""
        tree = await self._front.use_cases.registers.places()
        search = answers.search if search is None else search
        hits = tree.search(search)
        chosen = tree.place(answers.place_id)
        found = list(hits.places)
        if chosen is not None and chosen not in found:
            found.insert(0, chosen)
        return {
            "search": search,
            "hits": by_neighbourhood(found),
            "is_found": bool(hits.places),
            "has_more": hits.more,
            "neighbourhoods": neighbourhoods(tree),
        }

    async def _point(self, answers: Answers) -> Mapping[str, object]:
        """The place chosen before, its parts, and its flats."""
        tree = await self._front.use_cases.registers.places()
        return {
            "place": tree.place(answers.place_id),
            "parts": [one for one in parts_of(tree, answers.place_id) if one.kind is not PlaceKind.FLAT],
            "flats": flats_of(tree, answers.place_id),
            "short": short_label,
        }


def _by_group(categories: Categories, words: CategoryWords, kind: str) -> Sequence[tuple[str, Options]]:
    """The categories of a kind below the labels of their groups, in the order of the file."""
    found: dict[tuple[str, ...], list[Category]] = {}
    for one in categories.offered:
        if one.kind == kind:
            found.setdefault(one.path, []).append(one)
    return [
        (_path_label(categories, words, path), [(one.code, words.category(one)) for one in below])
        for path, below in found.items()
    ]


def _path_label(categories: Categories, words: CategoryWords, path: Sequence[str]) -> str:
    groups = [categories.group(code) for code in path[1:]]
    return " – ".join(words.group(group) for group in groups if group is not None)
