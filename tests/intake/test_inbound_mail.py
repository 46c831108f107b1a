"""Mails: added to the report of who sent it, or kept for the desk, once, whatever is lost on the way."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace

import pytest
from tests.intake.conftest import NOON, SECRET
from tests.intake.mail_corpus import CODE, CORPUS, DESK, JPEG, OWN, TENANT, mail, part, several, text

from chassis.errors import Refused, Unavailable
from chassis.ids import uuid7
from chassis.service import Plan, ServiceContext
from chassis.testing import MemoryService
from chassis.transaction.inputs import Input, Outcome
from contracts.intake import MailReceived, ReportAmended
from contracts.routing import CaseResolved
from intake.adapters.mail_addresses import is_address
from intake.adapters.mail_parser import read_mail
from intake.adapters.photo_processes import PhotoProcesses
from intake.app.addressees import Addressee, addressees
from intake.app.inbound_mail import WHOLE, InboundMail
from intake.app.mail_counts import MailCounts
from intake.app.mail_rates import MOST_IN_AN_HOUR
from intake.app.readings import Reader
from intake.app.registers import load_registers
from intake.app.use_cases import UseCases, use_cases
from intake.domain.categories import Categories
from intake.domain.drafts import Contact, Draft
from intake.domain.entries import EntryKind
from intake.domain.mail_kinds import Envelope
from intake.domain.mails import Mail, MailOutcome, ReadMail
from intake.domain.place_tree import PlaceTree
from intake.domain.waiting import WaitingItem
from intake.handlers.documents import COLLECTIONS, MAILS, WAITING
from intake.handlers.reactions import REACTIONS
from intake.handlers.take_mail import FinishMail

CLARA = Reader("clara-esempio", frozenset({"coordinator"}))


async def read(raw: bytes) -> ReadMail:
    return read_mail(raw)


@dataclass
class Desk:
    """Intake with one report of a person of its own, and the door for mails; it shows what came since it was made."""

    service: MemoryService
    cases: UseCases
    counts: MailCounts
    mails: InboundMail
    tenant: str
    report_id: str
    code: str
    earlier: frozenset[str]

    def mail(self, body: str = "Perde ancora.", subject: str = "Acqua", sender: str = "") -> bytes:
        return mail(body, subject=subject, sender=sender or self.tenant)

    def several(self, *parts: bytes, subject: str = "Acqua") -> bytes:
        return several(*parts, subject=subject).replace(TENANT.encode(), self.tenant.encode())

    async def receive(self, raw: bytes, recipient: str = DESK) -> MailOutcome:
        return await self.mails.receive(raw, Envelope(self.tenant, recipient))

    async def texts(self) -> list[str | None]:
        return [one.text for one in await self.cases.entries.read(self.report_id, EntryKind.INFORMATION)]

    async def waiting(self) -> list[WaitingItem]:
        return [one for one in await self.service.documents(WAITING) if one.id not in self.earlier]

    async def taken(self) -> list[Mail]:
        return [one for one in await self.service.documents(MAILS) if one.mail_id not in self.earlier]

    async def facts(self) -> list[MailReceived]:
        found = [one for one in await self.service.published() if isinstance(one, MailReceived)]
        return [one for one in found if one.mail_id not in self.earlier]

    def received(self) -> Mapping[str, float]:
        [metric] = self.counts.received.collect()
        return {one.labels["outcome"]: one.value for one in metric.samples if one.name.endswith("_total")}


@pytest.fixture(scope="module")
async def intake(registers: tuple[Categories, PlaceTree]) -> AsyncIterator[MemoryService]:
    """The service without its pages."""

    async def seed(context: ServiceContext) -> None:
        await load_registers(context, *registers)

    async with MemoryService(Plan("intake", REACTIONS, COLLECTIONS, lambda _: (), seed=seed), NOON) as made:
        yield made


@pytest.fixture
async def desk(intake: MemoryService) -> Desk:
    intake.now = NOON
    cases = use_cases(intake.context, SECRET, is_address, PhotoProcesses().decode)
    report_id = uuid7(NOON)
    tenant = f"ida.{report_id[-12:]}@example.org"
    draft = Draft("ascensore", "bg-malpensata-01", "È fermo", contact=Contact("Ida Finta", tenant))
    made = await cases.submissions.accept(await cases.submissions.judge(draft), report_id)
    assert made.receipt is not None
    counts = MailCounts()
    mails = InboundMail(intake.context, cases, is_address, counts, read, OWN)
    earlier = {one.id for one in await intake.documents(WAITING)}
    earlier |= {one.mail_id for one in await intake.documents(MAILS)}
    code = made.receipt.tracking_code
    return Desk(intake, cases, counts, mails, tenant, report_id, code, frozenset(earlier))


async def test_an_answer_of_the_reporter_is_added_to_the_report_once_and_kept_whole(desk: Desk) -> None:
    raw = desk.mail(f"Perde di più.\n\n> Riferimento: {desk.code}\n")

    outcomes = [await desk.receive(raw) for _ in range(2)]
    await desk.service.store.drop("inbox")  # what its time to live removes
    await desk.receive(b"Received: by mx.example.org\r\n" + raw)

    [entry] = await desk.cases.entries.read(desk.report_id, EntryKind.INFORMATION)
    assert outcomes == [MailOutcome.TO_REPORT] * 2
    assert entry.fields == {"text": "Perde di più.", WHOLE: f"Perde di più.\n\n> Riferimento: {desk.code}"}
    assert desk.received() == {"to-report": 1, "known": 2}
    assert [one.outcome for one in await desk.facts()] == ["added"]
    amended = ReportAmended(report_id=desk.report_id, what=("information",))
    assert (await desk.service.published()).count(amended) == 1
    assert "Perde di" not in str(desk.service.store.__dict__)


@pytest.mark.parametrize("where", ["plus", "subject", "body"])
async def test_the_code_is_found_in_the_address_the_subject_and_the_text(desk: Desk, where: str) -> None:
    recipient = DESK.replace("@", f"+{desk.code.replace('-', '').lower()}@") if where == "plus" else DESK
    raw = desk.mail(
        f"Ancora. {desk.code if where == 'body' else ''}",
        subject=f"[{desk.code}]" if where == "subject" else "Acqua",
    )

    assert await desk.receive(raw, recipient) is MailOutcome.TO_REPORT
    assert len(await desk.texts()) == 1


async def test_photos_are_kept_and_other_attachments_are_told(desk: Desk) -> None:
    raw = desk.several(
        text("Eccola"),
        part(JPEG, "image/jpeg", "a.jpg"),
        part(JPEG[:40], "image/jpeg", "b.jpg"),
        part(b"%PDF-1.7", "application/pdf", "c.pdf"),
        subject=f"R: {desk.code}",
    )

    await desk.receive(raw)
    await desk.receive(raw)

    [fact] = await desk.facts()
    assert (fact.report_id, fact.photos) == (desk.report_id, 1)
    assert fact.left_out == ("document", "photo-unreadable")
    assert len(await desk.cases.photos.of(desk.report_id)) == 1


async def test_photos_without_words_are_added_without_an_entry(desk: Desk) -> None:
    raw = desk.several(part(JPEG, "image/jpeg", "a.jpg"), subject=f"R: {desk.code}")

    assert await desk.receive(raw) is MailOutcome.TO_REPORT
    assert await desk.texts() == []
    assert len(await desk.cases.photos.of(desk.report_id)) == 1


async def test_a_mail_of_somebody_unknown_waits_with_its_photos_until_the_desk_makes_a_report_of_it(
    desk: Desk,
) -> None:
    date = "Date: Fri, 20 Nov 2026 09:00:00 +0100"
    raw = desk.several(text("C'è muffa"), part(JPEG, "image/jpeg", "a.jpg"), subject="Muffa").replace(
        b"Subject:", date.encode() + b"\r\nSubject:"
    )

    assert await desk.receive(raw) is MailOutcome.WAITING
    await desk.receive(raw)

    [item] = await desk.waiting()
    readable = await desk.cases.waiting.read(item.id, CLARA)
    [fact] = await desk.facts()
    assert readable.content is not None
    assert (readable.content.text, readable.content.contact) == (
        "Muffa\n\nC'è muffa",
        Contact("Ida Finta", desk.tenant),
    )
    assert (item.reasons, item.about, item.source) == (("no-place",), None, "mail")
    assert (fact.outcome, fact.report_id, fact.photos) == ("waiting", item.id, 1)
    assert item.captured_at.hour == 8
    draft = Draft("ascensore", "bg-malpensata-01", "C'è muffa", contact=readable.content.contact)
    await desk.cases.waiting.settle(item.id, CLARA, draft, uuid7(NOON))
    assert len(await desk.cases.photos.of(item.id)) == 1


async def test_a_code_from_another_address_adds_nothing_and_waits_beside_the_report(desk: Desk) -> None:
    raw = desk.mail("Sono io", subject=desk.code, sender="altro@example.org")

    assert await desk.receive(raw) is MailOutcome.WAITING

    [item] = await desk.waiting()
    assert (item.about, item.reasons) == (desk.report_id, ("no-place", "unknown-sender"))
    assert await desk.texts() == []


async def test_a_code_that_no_report_has_waits(desk: Desk) -> None:
    assert await desk.receive(desk.mail(subject=CODE)) is MailOutcome.WAITING
    assert (await desk.waiting())[0].about is None


async def test_an_answer_about_a_closed_report_waits_beside_it(desk: Desk) -> None:
    await desk.service.event(CaseResolved(report_id=desk.report_id, outcome="solved"))

    await desk.receive(desk.mail(subject=desk.code))

    [item] = await desk.waiting()
    assert (item.about, item.reasons) == (desk.report_id, ("no-place", "report-ended"))
    assert [one.outcome for one in await desk.facts()] == ["waiting"]


async def test_what_no_person_wrote_is_named_counted_and_answered_by_nobody(desk: Desk) -> None:
    nasty = [one for one in CORPUS.values() if one.ignored]
    for number, one in enumerate(nasty):
        raw = re.sub(rb"(Subject: [^\r\n]*)", rb"\1 " + desk.code.encode(), one.raw)
        raw = raw.replace(b"<1@", b"<%d@" % number)
        assert await desk.mails.receive(raw, one.envelope) is one.ignored
    assert await desk.receive(b"\r\n") is MailOutcome.EMPTY

    wanted = Counter([one.ignored.value for one in nasty if one.ignored] + ["empty"])
    assert desk.received() == wanted == Counter(one.outcome.value for one in await desk.taken())
    assert (await desk.facts(), await desk.texts(), await desk.waiting()) == ([], [], [])


async def test_too_many_mails_of_one_sender_stay_with_the_mail_server_until_the_hour_is_over(
    desk: Desk,
) -> None:
    for number in range(MOST_IN_AN_HOUR):
        await desk.receive(desk.mail(f"numero {number}"))

    with pytest.raises(Refused, match="too-many-mails"):
        await desk.receive(desk.mail("ancora uno"))
    assert await desk.receive(desk.mail("numero 1")) is MailOutcome.WAITING  # delivered again: it was counted
    assert await desk.receive(desk.mail(sender="altro@example.org")) is MailOutcome.WAITING
    desk.service.now = desk.service.now.replace(hour=13)
    assert await desk.receive(desk.mail("ancora uno")) is MailOutcome.WAITING


@pytest.mark.parametrize("about_it", [True, False])
@pytest.mark.parametrize("lost", range(1, 7))
@pytest.mark.parametrize("committed", [True, False])
async def test_whatever_command_is_lost_the_next_delivery_completes_the_mail_once(
    desk: Desk, about_it: bool, lost: int, committed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = desk.several(
        text("Eccola"), part(JPEG, "image/jpeg", "a.jpg"), subject=desk.code if about_it else "Acqua"
    )
    submit, calls = desk.service.commands.submit, iter(range(1, 1000))

    async def cut(item: Input) -> Outcome:
        is_lost = next(calls) == lost
        if is_lost and not committed:
            raise Unavailable("nothing was committed")
        outcome = await submit(item)
        if is_lost:
            raise Unavailable("the reply is lost")
        return outcome

    monkeypatch.setattr(desk.service.commands, "submit", cut)
    for _ in range(2):
        try:
            await desk.receive(raw)
        except Unavailable:
            await desk.receive(raw)

    [done] = await desk.taken()
    items = await desk.waiting()
    owner = desk.report_id if about_it else items[0].id
    assert done == replace(done, done=True, added=about_it, photos=1, report_id=owner)
    assert (len(await desk.texts()), len(items)) == ((1, 0) if about_it else (0, 1))
    assert len(await desk.cases.photos.of(owner)) == 1
    assert [one.report_id for one in await desk.facts()] == [owner]


async def test_the_first_decision_stands_when_the_report_closes_between_two_deliveries(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, submit = desk.mail(subject=desk.code), desk.service.commands.submit

    async def unfinished(item: Input) -> Outcome:
        if isinstance(item.body, FinishMail):
            raise Unavailable("the process has ended")
        return await submit(item)

    with monkeypatch.context() as until_then:
        until_then.setattr(desk.service.commands, "submit", unfinished)
        with pytest.raises(Unavailable):
            await desk.receive(raw)
    await desk.service.event(CaseResolved(report_id=desk.report_id, outcome="solved"))

    assert await desk.receive(raw) is MailOutcome.TO_REPORT

    [done] = await desk.taken()
    assert (len(await desk.texts()), await desk.waiting()) == (1, [])
    assert done.done
    assert done.added


async def test_notify_finds_the_sender_of_a_mail_that_waits_and_then_the_contact_of_its_report(
    desk: Desk,
) -> None:
    await desk.receive(desk.mail())
    [item] = await desk.waiting()

    found = await addressees(
        desk.service.context, desk.cases.contents, [item.id, desk.report_id, uuid7(NOON)]
    )

    assert found == {item.id: Addressee(Contact("Ida Finta", desk.tenant), "it")}
