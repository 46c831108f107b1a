"""The receipt that a household takes home from a session: its reports with codes and PINs, and its appointments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.errors import Refused
from chassis.service import ServiceContext
from intake.app.readings import Reader
from intake.app.registers import Registers
from intake.app.sessions import Sessions, SessionView
from intake.app.talks import NOTHING_SAID
from intake.app.tracking_codes import TrackingCodes
from intake.domain.categories import Categories
from intake.domain.category_texts import CategoryWords
from intake.domain.place_tree import PlaceTree
from intake.domain.reports import Report
from intake.domain.sessions import Session, SessionStatus
from intake.queries.receipts import SHOWN

PINS_SHOWN = timedelta(hours=1)


@dataclass(frozen=True)
class ReceiptReport:
    """One report on a receipt; `pin` is None when it is not shown any more, `route` and `due_at` before somebody has the case."""

    tracking_code: str
    pin: str | None
    category: str
    place: str
    route: str | None
    due_at: datetime | None


@dataclass(frozen=True)
class ReceiptFollowUp:
    """One appointment on a receipt; `place` and `words` may be empty."""

    at: datetime
    what: str
    place: str
    words: str


@dataclass(frozen=True)
class SessionReceipt:
    """All that a household takes home; `language` is the one that it chose."""

    session: Session
    name: str
    language: str
    reports: Sequence[ReceiptReport]
    follow_ups: Sequence[ReceiptFollowUp]

    @property
    def has_pins(self) -> bool:
        """Whether the PINs are on it."""
        return all(one.pin is not None for one in self.reports)


class SessionReceipts:
    """Makes the receipts of sessions, for who held them."""

    def __init__(
        self, context: ServiceContext, codes: TrackingCodes, registers: Registers, sessions: Sessions
    ) -> None:
        self._context, self._codes = context, codes
        self._registers, self._sessions = registers, sessions

    async def of(self, session_id: str, reader: Reader) -> SessionReceipt:
        """The receipt of a session, with the PINs until an hour after its end; the audit has a line for each PIN first.

        Raises Refused: 404, 403 for somebody else's session, 409 for an abandoned one; and Unavailable when the audit
        cannot be written.
        """
        view = await self._sessions.read(session_id, reader)
        if view.session.status is SessionStatus.ABANDONED:
            raise Refused("session-over", "Nothing came out of this session.", 409)
        categories, places = await self._registers.categories(), await self._registers.places()
        words = await self._registers.words(view.session.language)
        pins = [await self._pin(one, view, reader) for one in view.reports]
        talk = view.talk or NOTHING_SAID
        return SessionReceipt(
            view.session,
            talk.contact.name or "",
            view.session.language,
            [_report(*one, (categories, words, places)) for one in zip(view.reports, pins, strict=True)],
            [
                ReceiptFollowUp(one.at, one.what, _place(one.place_id, places), talk.words.get(one.id, ""))
                for one in view.session.follow_ups
            ],
        )

    async def _pin(self, report: Report, view: SessionView, reader: Reader) -> str | None:
        """The first PIN of a report, if it is valid and may still be shown; its showing is audited before."""
        ended_at = view.session.ended_at
        is_late = ended_at is not None and self._context.clock() > ended_at + PINS_SHOWN
        if is_late or report.pin_nonce is not None:
            return None
        details = {"report_id": report.report_id, "roles": sorted(reader.roles)}
        await self._context.audit(reader.subject, SHOWN, details)
        return self._codes.pin(report.report_id)


Lists = tuple[Categories, CategoryWords, PlaceTree]


def _report(report: Report, pin: str | None, lists: Lists) -> ReceiptReport:
    categories, words, places = lists
    category = categories.category(report.category)
    return ReceiptReport(
        report.tracking_code,
        pin,
        words.category(category) if category else report.category,
        _place(report.place_id, places),
        report.route,
        report.due_at,
    )


def _place(place_id: str | None, places: PlaceTree) -> str:
    place = places.place(place_id) if place_id else None
    return f"{place.label}, {place.neighbourhood_label}" if place else ""
