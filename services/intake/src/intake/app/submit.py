"""Submit a report: tidy and judge the draft once, then register it."""

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.service import ServiceContext
from intake.app.contents import Contents
from intake.app.registers import Registers
from intake.app.tracking_codes import TrackingCodes
from intake.domain.draft_rules import Fault, IsAddress, faults
from intake.domain.drafts import Draft, tidy
from intake.domain.waiting import WaitingItem
from intake.handlers.documents import PRIVATE
from intake.handlers.join_report import JoinReport
from intake.handlers.register_report import RegisterReport, refusal
from intake.handlers.take_report import TakenIn, TakeReport
from intake.queries.reports import report_of

RECEIPT_SHOWN = timedelta(hours=2)


@dataclass(frozen=True)
class JudgedDraft:
    """A tidied draft with all its faults."""

    draft: Draft
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Receipt:
    """The tracking code and the PIN of a report."""

    tracking_code: str
    pin: str


@dataclass(frozen=True)
class Submission:
    """The result of a submission; `known` when the report was already registered.

    `receipt` is None for everybody but the first sender.
    """

    report_id: str
    known: bool
    receipt: Receipt | None


@dataclass(frozen=True)
class DeviceTime:
    """When a report was heard by the clock of a device, and how far that clock was behind ours, in milliseconds."""

    shown: datetime
    skew_ms: int = 0


class Submissions:
    """Registers reports."""

    def __init__(
        self,
        context: ServiceContext,
        registers: Registers,
        codes: TrackingCodes,
        contents: Contents,
        is_address: IsAddress,
    ) -> None:
        self._context, self._registers, self._codes = context, registers, codes
        self._contents, self._is_address = contents, is_address

    def new_id(self) -> str:
        """An id for a report that is not submitted yet."""
        return uuid7(self._context.clock())

    async def judge(self, draft: Draft) -> JudgedDraft:
        """Tidy a draft and find all its faults; raises Unavailable before the registers are loaded."""
        tidied = tidy(draft)
        categories, places = await self._registers.categories(), await self._registers.places()
        found = faults(tidied, categories, places, self._context.clock(), self._is_address)
        return JudgedDraft(tidied, found)

    async def accept(
        self,
        judged: JudgedDraft,
        report_id: str,
        sender: str | None = None,
        taken_in: TakenIn | None = None,
        joins: str | None = None,
        heard: DeviceTime | None = None,
        wished: str | None = None,
    ) -> Submission:
        """Register a draft under this id; the same draft again changes nothing.

        `joins` is the id of an earlier report about the same problem, whose case the report will share. `wished` is the one that its
        sender chose, which may have ended since: it makes the draft the same when it is sent again. `heard` makes a draft the
        same whose time is corrected by another skew when it is sent again.

        `sender` is a secret of the sender: a resend with the same one gets the receipt again, and without one only the
        first response has it. Raises Refused with the first fault, and Refused when the id belongs to another report.
        """
        # Without a secret the request gets one of its own: a retry inside this call still counts as the first sender.
        sender = sender or secrets.token_hex(16)
        if judged.faults and await report_of(self._context, report_id) is None:
            raise refusal(judged.faults[0])  # a resend of a registered report gets its first answer
        command = self._command(judged.draft, report_id, sender, heard)
        if (chosen := wished or joins) is not None:
            joined = self._codes.text_fingerprint(command.fingerprint, chosen)
            command = replace(command, fingerprint=joined)
        answer = await self._context.run(
            _told(command, taken_in, joins),
            id=f"report:{report_id}",
            key=report_id,
            correlation=report_id,
            fingerprint=command.fingerprint,
        )
        # An inbox row of an older build has no sender_hash: then nobody gets the receipt.
        own = hmac.compare_digest(command.sender_hash, answer.body.get("sender_hash") or "")
        known = answer.again or bool(answer.body["known"])
        if known and own:
            own = not await self._has_new_pin(report_id)
        receipt = Receipt(answer.body["tracking_code"], self._codes.pin(report_id)) if own else None
        return Submission(report_id, known, receipt)

    async def _has_new_pin(self, report_id: str) -> bool:
        """Whether the first PIN stopped working: who resends the report does not get the PIN of the listening point."""
        report = await report_of(self._context, report_id)
        return report is not None and report.pin_nonce is not None

    async def receipt(self, report_id: str, sender: str) -> Receipt | None:
        """The receipt of a report again, for its first sender and within two hours of its registration; otherwise None."""
        report = await report_of(self._context, report_id)
        if report is None or not self._codes.is_sender(report_id, report.sender_hash, sender):
            return None
        if report.pin_nonce is not None or self._context.clock() > report.registered_at + RECEIPT_SHOWN:
            return None
        return Receipt(report.tracking_code, self._codes.pin(report_id))

    async def completed(self, judged: JudgedDraft, item: WaitingItem) -> RegisterReport:
        """The registration of a waiting item, under its key; raises Refused with the first fault, and for erased content (410)."""
        if judged.faults:
            raise refusal(judged.faults[0])
        sealed = await self._context.load(PRIVATE, item.id)
        if sealed is None:
            raise Refused("report-erased", "What was written was erased.", status=410)
        command = self._command(judged.draft, item.id, secrets.token_hex(16), None)
        return replace(
            command,
            sender_hash=item.sender_hash or command.sender_hash,
            session_id=item.session_id,
            skew_ms=item.skew_ms,
            sealed=self._contents.seal_again(sealed, judged.draft),
        )

    def _command(self, draft: Draft, report_id: str, sender: str, heard: DeviceTime | None) -> RegisterReport:
        sent = draft if heard is None else tidy(replace(draft, heard_at=heard.shown))
        return RegisterReport(
            report_id=report_id,
            tracking_code=self._codes.code(report_id),
            pin_hash=self._codes.pin_hash(report_id, self._codes.pin(report_id)),
            sender_hash=self._codes.sender_hash(report_id, sender),
            fingerprint=self._codes.fingerprint(sent),
            category=draft.category,
            place_id=draft.place_id,
            channel=draft.channel,
            language=draft.language,
            frail=draft.frail,
            heard_at=draft.heard_at,
            closed_at=draft.closed_at,
            cancelled=draft.cancelled,
            sealed=self._contents.seal(report_id, draft),
            answers=draft.answers,
            skew_ms=heard.skew_ms if heard else 0,
        )


def _told(command: RegisterReport, taken_in: TakenIn | None, joins: str | None) -> Any:
    report = command if taken_in is None else replace(command, session_id=taken_in.session_id)
    if joins is not None:
        return JoinReport(joins, report, taken_in)
    return report if taken_in is None else TakeReport(taken_in.session_id, taken_in.operator, report)
