"""What each step of a report offers: groups, categories, places, and what was answered in words."""

from collections.abc import Mapping, Sequence

from fastapi import Request

from intake.domain.categories import Kind
from intake.domain.place_tree import PlaceTree
from intake.domain.places import Place
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.report_form import CATEGORY, PLACE, PROBLEM, SUMMARY, Answers, FormStep
from webkit.i18n import PUBLIC

Options = Sequence[tuple[str, ...]]
# Dangers come first.
GROUPS = (Kind.DANGER, Kind.TECHNICAL, Kind.ADMINISTRATIVE, Kind.SOCIAL, Kind.CONTRIBUTION)


class StepChoices:
    """Finds what a step offers, in the language of the reader."""

    def __init__(self, front: Front) -> None:
        self._front = front

    async def of(
        self, request: Request, step: FormStep, answers: Answers, search: str | None
    ) -> Mapping[str, object]:
        """The values of the step's template."""
        if step is PROBLEM:
            return {"groups": self._groups(request)}
        if step is CATEGORY:
            return {"categories": await self._categories(request, answers.group)}
        if step is PLACE:
            return await self._places(answers, search)
        tongue = answers.language or self._front.language(request).code
        if step is SUMMARY:
            words = await self._front.words(request, answers.category, answers.place_id)
            return {"words": words, "tongue": tongue}
        return {"tongue": tongue if tongue in PUBLIC else "it"}

    def _groups(self, request: Request) -> Options:
        language = self._front.language(request)
        return [
            (
                kind.value,
                language.label("category-group", kind.value),
                language.label("group-hint", kind.value),
            )
            for kind in GROUPS
        ]

    async def _categories(self, request: Request, group: str) -> Options:
        register, language = await self._front.use_cases.registers.categories(), self._front.language(request)
        found = [one for one in register.categories if one.kind == group]
        return [(one.code, language.label("category", one.label)) for one in found]

    async def _places(self, answers: Answers, search: str | None) -> Mapping[str, object]:
        """The hits of the search, the place chosen before among them, and the whole list."""
        register = await self._front.use_cases.registers.places()
        search = answers.search if search is None else search
        hits = register.search(search)
        chosen = register.place(answers.place_id)
        found = list(hits.places)
        if chosen is not None and chosen not in found:
            found.insert(0, chosen)
        return {
            "search": search,
            "hits": [(one.id, one.label, _where(one)) for one in found],
            "is_found": bool(hits.places),
            "has_more": hits.more,
            "places": _grouped(register),
        }


def _where(place: Place) -> str:
    return f"{place.neighbourhood_label}, {place.province_label}"


def _grouped(register: PlaceTree) -> Sequence[tuple[str, Options]]:
    groups: dict[str, list[tuple[str, ...]]] = {}
    for place in register.places:
        if not place.is_reportable:
            continue
        group = f"{place.neighbourhood_label} ({place.province_label})"
        groups.setdefault(group, []).append((place.id, place.label))
    return list(groups.items())
