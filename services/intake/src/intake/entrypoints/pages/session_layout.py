"""What the pages of listening sessions share: where they are, whose they are, and the forms that people fill in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import Request, Response

from chassis.errors import Refused
from intake.app.sessions import SessionView
from intake.domain.draft_rules import Fault
from intake.domain.places import Place
from intake.entrypoints.pages.desk_layout import Desk, reader_of
from intake.entrypoints.pages.question_fields import field_name
from webkit.login import Visitor

TALKS = "/colloqui"
OPERATORS = ("operator",)
SEARCH = "cerca"


@dataclass(frozen=True)
class PlaceChoice:
    """The search of a place inside a form: what was typed, what was found, and the place that is chosen."""

    typed: str = ""
    hits: Sequence[tuple[str, str, str]] = ()
    chosen: str = ""
    has_more: bool = False


@dataclass(frozen=True)
class Refusals:
    """The errors of a form by field, and the status of its page."""

    errors: Mapping[str, str] = field(default_factory=dict)
    is_danger: bool = False

    @property
    def status(self) -> int:
        """The status of the page with the form."""
        return 422 if self.errors else 200


class SessionDesk(Desk):
    """The pages of sessions: each operator sees their own."""

    async def view(self, visitor: Visitor, session_id: str) -> SessionView:
        """A session of this operator; raises Refused (404 or 403)."""
        return await self.use_cases.sessions.read(session_id, reader_of(visitor))

    def crumbs_to(self, request: Request, view: SessionView | None = None) -> tuple[tuple[str, str], ...]:
        """The way to a page of a session."""
        language = self.site.language(request)
        start = (language.label("area", "talks"), TALKS)
        if view is None:
            return (start,)
        return (start, (language.label("desk-crumb", "talk"), talk_page(view.session.session_id)))

    def refusals(self, request: Request, faults: Iterable[Fault]) -> Refusals:
        """What a form says about the first fault of each field."""
        language, first = self.site.language(request), dict[str, Fault]()
        for fault in faults:
            first.setdefault(field_name(fault.field.removeprefix("contact.")), fault)
        errors = {name: language.label("desk-error", one.slug) for name, one in first.items()}
        return Refusals(errors, any(one.slug == "call-112" for one in first.values()))

    def refusal(self, request: Request, refused: Refused, otherwise: str) -> Refusals:
        """What a form says about a refusal that its reader can mend; raises every other one."""
        if refused.status not in (409, 422) or refused.slug == "session-over":
            raise refused
        name = (refused.field or otherwise).removeprefix("contact.")
        return Refusals({name: self.error(request, refused)}, refused.slug == "call-112")

    async def places(self, typed: str, chosen: str) -> PlaceChoice:
        """The places that a search finds, and the chosen one before them."""
        tree = await self.use_cases.registers.places()
        found = tree.search(typed) if typed.strip() else None
        places = list(found.places) if found else []
        present = tree.place(chosen) if chosen else None
        if present is not None and present not in places:
            places.insert(0, present)
        hits = [(one.id, one.label, _where(one)) for one in places]
        return PlaceChoice(typed, hits, chosen, found is not None and found.more)

    async def place_name(self, place_id: str | None) -> str:
        """A place in words, or nothing."""
        place = (await self.use_cases.registers.places()).place(place_id) if place_id else None
        return f"{place.label}, {_where(place)}" if place else ""

    def to_talk(self, request: Request, session_id: str, done: str, again: bool = False) -> Response:
        """To the page of the session, which tells once what was done."""
        return self.site.redirect(request, talk_page(session_id), done, again)


def talk_page(session_id: str) -> str:
    """The page of a session."""
    return f"{TALKS}/{session_id}"


def _where(place: Place) -> str:
    return f"{place.neighbourhood_label}, {place.province_label}"
