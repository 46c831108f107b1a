"""The desk behind the JSON API and the pages: takes drafts in, finds reports by their slip, takes reports back."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chassis.documents import AnyOf, Index
from chassis.errors import Refused, Unavailable
from chassis.ids import uuid7
from chassis.sealing import Erased, Sealed, Sealer
from chassis.service import ServiceContext
from intake.domain.drafts import Contact, Draft, Fault, composed, faults, tidy
from intake.domain.registers import Register
from intake.domain.reports import Report
from intake.entrypoints.attempts import GUESSES, Attempts, Caller
from intake.entrypoints.mail_addresses import is_address
from intake.entrypoints.tracking import Slips, read_code
from intake.handlers.documents import PRIVATE, REGISTERS, REPORTS
from intake.handlers.register_report import RegisterReport, refusal
from intake.handlers.withdraw_report import WithdrawReport

# What the desk searches by and counts in.
INDEXES = (GUESSES, Index(REPORTS.name, (("state.tracking_code", 1),)))
FRESH = timedelta(seconds=3)
_NOBODY = "0" * 64


@dataclass(frozen=True)
class Slip:
    """What whoever made a report takes home; `known` when the report was there before.

    Code and PIN are for whoever sent it first: `receipt` is None for anybody else.
    """

    report_id: str
    known: bool
    receipt: "Receipt | None"


@dataclass(frozen=True)
class Receipt:
    """The tracking code of a report and its PIN."""

    tracking_code: str
    pin: str


@dataclass(frozen=True)
class Said:
    """What a report says and who says it."""

    text: str
    contact: Contact
    frail: bool


class Desk:
    """What both doors do; one per process, over the chassis' doors."""

    def __init__(self, context: ServiceContext, sealer: Sealer, slips: Slips) -> None:
        self._context = context
        self._sealer = sealer
        self.slips = slips
        self._attempts = Attempts(context.store, slips)
        self._registers: dict[str, tuple[Register, datetime]] = {}
        self._refresh = asyncio.Lock()

    def now(self) -> datetime:
        """The doors' time."""
        return self._context.clock()

    def new_id(self) -> str:
        """An id for a report that is about to be written."""
        return uuid7(self.now())

    async def register(self, name: str) -> Register:
        """A register as it stood at most three seconds ago; raises Unavailable before the first one is in force."""
        found = self._fresh(name)
        if found is not None:
            return found
        async with self._refresh:
            return self._fresh(name) or await self._load(name)

    async def _load(self, name: str) -> Register:
        found = await self._context.load(REGISTERS, name)
        if found is None:
            raise Unavailable(f"the register of {name} is not in force yet")
        self._registers[name] = (found, self.now())
        return found

    def _fresh(self, name: str) -> Register | None:
        kept = self._registers.get(name)
        return kept[0] if kept is not None and self.now() - kept[1] < FRESH else None

    async def judge(self, draft: Draft) -> tuple[Fault, ...]:
        """Everything that is wrong with a tidied draft."""
        categories, places = await self.register("categories"), await self.register("places")
        return faults(draft, categories, places, self.now(), is_address)

    async def accept(self, asked: Draft, report_id: str, sender: str | None = None) -> Slip:
        """Take a draft in under this id, once however often it is sent; raises Refused with the first fault.

        The PIN is shown to whoever sends the secret that the report was first sent with; without one, only this once.
        """
        # A request without a secret gets one for itself: when its commit is found done, it is still the one that made it.
        sender = sender or secrets.token_hex(16)
        draft = tidy(asked)
        found = await self.judge(draft)
        if (
            found and await self._context.load(REPORTS, report_id) is None
        ):  # one that is there answers as it did
            raise refusal(found[0])
        command = self._command(draft, report_id, sender)
        answer = await self._context.run(
            command,
            id=f"report:{report_id}",
            key=report_id,
            correlation=report_id,
            fingerprint=command.fingerprint,
        )
        # An answer that an older build left in the inbox does not say whose the report is: then it is nobody's.
        own = self.slips.sent_by(report_id, answer.body.get("sender_hash"), sender)
        receipt = Receipt(answer.body["tracking_code"], self.slips.pin(report_id)) if own else None
        return Slip(report_id, answer.again or answer.body["known"], receipt)

    def _command(self, draft: Draft, report_id: str, sender: str) -> RegisterReport:
        return RegisterReport(
            report_id=report_id,
            tracking_code=self.slips.code(report_id),
            pin_hash=self.slips.pin_hash(report_id, self.slips.pin(report_id)),
            sender_hash=self.slips.sender_hash(report_id, sender),
            fingerprint=self.slips.fingerprint(draft),
            category=draft.category,
            place_id=draft.place_id,
            channel=draft.channel,
            language=draft.language,
            frail=draft.frail,
            heard_at=draft.heard_at,
            sealed=self._sealer.seal(report_id, _private(composed(draft))),
        )

    async def find(self, written_code: str, pin: str, caller: Caller) -> Report:
        """The report with this code and PIN; an unknown code and a wrong PIN are refused alike (404).

        Every guess is counted before it is compared: raises Refused (429) when there were too many, Unavailable when it
        cannot be counted. A right PIN costs nothing.
        """
        code = read_code(written_code)
        if code is None:
            raise _no_such_report()
        found = await self._context.list(REPORTS, {"state.tracking_code": code}, limit=8)
        charged = await self._attempts.charge(code, self._proved(found, caller), self.now())
        opened = [one for one in found if self.slips.opens(one.report_id, one.pin_hash, pin)]
        if not found:
            self.slips.opens("", _NOBODY, pin)  # as long as with a report
        if not opened:
            raise _no_such_report()
        with suppress(Unavailable):  # the PIN was right, whether or not that can be noted
            await self._attempts.refund(charged)
        return opened[0]

    def _proved(self, found: Sequence[Report], caller: Caller) -> Caller:
        """The caller with a device of its own when it shows the secret that the report was sent with."""
        sender = caller.sender
        if sender is None:
            return caller
        own = [one for one in found if self.slips.sent_by(one.report_id, one.sender_hash, sender)]
        if not found:
            self.slips.sent_by("", _NOBODY, sender)  # as long as with a report
        return replace(caller, device=own[0].report_id) if own else caller

    async def withdraw(self, report: Report, reason: str) -> Mapping[str, object]:
        """Take a report back that was found by its code and PIN; raises Refused when it is closed."""
        answer = await self._context.run(
            WithdrawReport(report.report_id, reason),
            id=f"withdrawal:{report.report_id}",
            key=report.report_id,
            correlation=report.report_id,
        )
        return answer.body

    async def reread(self, report: Report) -> Report:
        """The same report as it is now."""
        return await self._context.load(REPORTS, report.report_id) or report

    async def read(self, report_id: str) -> tuple[Report, Said | None]:
        """A report and what it says, or None where that was erased; raises Refused (404) without a report."""
        found = await self.read_all([report_id])
        if report_id not in found:
            raise Refused("no-such-report", "There is no report with this id.", status=404)
        return found[report_id]

    async def read_all(self, report_ids: Sequence[str]) -> dict[str, tuple[Report, Said | None]]:
        """Those of these reports that there are, each with what it says, or None where that was erased."""
        these = {"_id": AnyOf(report_ids)}
        reports = await self._context.list(REPORTS, these, limit=len(report_ids))
        sealed = {one.owner: one for one in await self._context.list(PRIVATE, these, limit=len(report_ids))}
        return {
            one.report_id: (one, self._open(sealed[one.report_id]) if one.report_id in sealed else None)
            for one in reports
        }

    def _open(self, sealed: Sealed) -> Said | None:
        try:
            fields = self._sealer.open(sealed)
        except Erased:
            return None
        contact = Contact(fields.get("name"), fields.get("email"), fields.get("phone"))
        return Said(fields["text"], contact, fields["frail"] == "1")


def _no_such_report() -> Refused:
    return Refused(
        "no-such-report",
        "There is no report with this code and PIN.",
        status=404,
        fix="Copy both from the slip: ten letters and digits, and six digits.",
    )


def _private(draft: Draft) -> dict[str, str]:
    """The fields to seal; `frail` is always there and as long, so that the stored form does not tell."""
    given = {"name": draft.contact.name, "email": draft.contact.email, "phone": draft.contact.phone}
    return {
        "text": draft.description,
        "frail": "1" if draft.frail else "0",
        **{name: value for name, value in given.items() if value},
    }
