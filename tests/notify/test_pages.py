"""The pages of messages: found by filter and by code, read by report, sent again in two steps, and shown as models."""

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from tests.notify.staff import Browser, log_in

from contracts.routing import CaseResolved
from notify.domain.letters import Contact, ReportName
from notify.domain.messages import Message, ResendReason, Status
from notify.domain.samples import VALUES
from notify.entrypoints.api.messages import STAFF
from notify.entrypoints.pages.filters import read_day
from notify.handlers.documents import MESSAGES
from webkit.i18n import PUBLIC, Texts

REPORT = "0190a000-0000-7000-8000-000000000001"
OTHER = "0190a000-0000-7000-8000-000000000002"
NAME = ReportName("A84A5-ZGR6S", "Ascensore", "via dei Campioni 3")
ANNA = Contact("anna@example.org", "Anna Esempio")


@pytest.fixture
async def operator(service: Any) -> AsyncIterator[Browser]:
    """The browser of an operator."""
    browser = await log_in(service, "operator")
    yield browser
    await browser.http.aclose()


async def resolved(service: Any, report_id: str = REPORT, answer: int = 0) -> Message:
    """The message that a case is closed, sent or refused with this answer of the mail server."""
    service.contacts.known[report_id] = ANNA
    service.names.known[report_id] = NAME
    service.mailer.answers = {ANNA.email: answer} if answer else {}
    await service.event(CaseResolved(report_id=report_id, outcome="solved"))
    await service.run_jobs()
    service.mailer.answers = {}
    [message] = await service.documents(MESSAGES, {"state.report_id": report_id})
    return message  # type: ignore[no-any-return]


def words(page: Any) -> str:
    """What the page shows."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text.partition("<main")[2])).split())


async def test_the_list_names_message_state_reason_and_report_in_words(
    service: Any, operator: Browser
) -> None:
    await resolved(service, answer=550)

    page = await operator.open("/messaggi")

    assert page.status_code == 200
    shown = words(page)
    assert "Segnalazione conclusa o ritirata" in shown
    assert "non riuscito La casella di posta non esiste o non accetta messaggi." in shown
    assert "A84A5-ZGR6S, Ascensore, via dei Campioni 3" in shown
    assert f'href="/messaggi/caso/{REPORT}"' in page.text
    assert "smtp-550" not in page.text
    assert "anna@example.org" not in page.text


async def test_the_list_is_filtered_by_its_address(service: Any, operator: Browser) -> None:
    await resolved(service, answer=550)
    await resolved(service, OTHER)

    async def reports(**query: str) -> set[str]:
        page = await operator.open("/messaggi", **query)
        return {report for report in (REPORT, OTHER) if f"/messaggi/caso/{report}" in page.text}

    assert await reports() == {REPORT, OTHER}
    assert await reports(stato="failed") == {REPORT}
    assert await reports(stato="failed", tipo="case-opened") == set()
    assert await reports(tipo="case-resolved", dal="23/11/2026", al="2026-11-23") == {REPORT, OTHER}
    assert await reports(al="22/11/2026") == set()
    assert await reports(stato="no-such-state", tipo="../etc", da="nonsense") == {REPORT, OTHER}


async def test_a_day_that_is_none_is_told_beside_its_field_and_stays(service: Any, operator: Browser) -> None:
    page = await operator.open("/messaggi", dal="31/02/2026", al="ieri")

    assert page.status_code == 422
    assert words(page).index("Scriva il giorno così: 05/11/2026.") >= 0
    assert '<a href="#dal">' in page.text
    assert 'value="31/02/2026"' in page.text
    assert page.text.index('href="#dal"') < page.text.index('href="#al"')


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("5/11/2026", "2026-11-05"),
        (" 05.11.2026 ", "2026-11-05"),
        ("2026-11-05", "2026-11-05"),
        ("5/11/26", None),
        ("1/1/0001", None),
        ("31/12/9999", None),
        ("oggi", None),
    ],
)
def test_a_day_is_read_as_people_type_it(written: str, day: str | None) -> None:
    read = read_day(written)

    assert (read and read.isoformat()) == day


async def test_pages_of_the_list_follow_each_other(service: Any, operator: Browser) -> None:
    first = Message(
        "0190a000-0000-5000-8000-000000000000", REPORT, "case-opened", "email", Status.SENT, service.now
    )
    messages = [
        MESSAGES.dump(first)
        | {
            "message_id": f"0190a000-0000-5000-8000-{number:012}",
            "written_at": service.now - timedelta(minutes=number // 2),
        }
        for number in range(120)
    ]
    rows = [{"_id": one["message_id"], "version": 1, "schema": 2, "state": one} for one in messages]
    session = await service.store.session()
    await session.transact(lambda tx: tx.insert(MESSAGES.name, rows))

    address, sizes = "/messaggi?stato=sent", list[int]()
    while address and len(sizes) < 4:
        page = await operator.http.get(address)
        sizes.append(page.text.count("/messaggi/caso/"))
        following = re.findall(r'rel="next" href="([^"]+)"', page.text)
        address = html.unescape(following[0]) if following else ""

    assert sizes == [50, 50, 20]
    assert 'rel="first" href="/messaggi?stato=sent"' in page.text


async def test_a_tracking_code_leads_to_the_messages_of_its_report(service: Any, operator: Browser) -> None:
    await resolved(service)

    found = await operator.open("/messaggi", codice=" A84A5-ZGR6S ")
    unknown = await operator.open("/messaggi", codice="BBBBB-BBBBB")
    service.names.is_up = False
    away = await operator.open("/messaggi", codice="A84A5-ZGR6S")

    assert (found.status_code, found.headers["location"]) == (303, f"/messaggi/caso/{REPORT}")
    assert "Nessuna segnalazione ha questo codice" in words(unknown)
    assert "Il codice non si può cercare adesso" in words(away)


async def test_messages_are_shown_while_intake_is_down(service: Any, operator: Browser) -> None:
    message = await resolved(service)
    service.names.is_up = False

    pages = [
        await operator.open(path)
        for path in ("/messaggi", f"/messaggi/caso/{REPORT}", f"/messaggi/{message.message_id}/rinvio")
    ]

    assert [page.status_code for page in pages] == [200, 200, 200]
    assert "Il servizio che li conosce non risponde" in words(pages[0])


async def test_a_message_is_sent_again_in_two_steps_and_the_page_says_so_once(
    service: Any, operator: Browser
) -> None:
    message = await resolved(service, answer=550)
    case = await operator.open(f"/messaggi/caso/{REPORT}")
    assert f'href="/messaggi/{message.message_id}/rinvio"' in case.text

    step = await operator.open(f"/messaggi/{message.message_id}/rinvio")
    sent = await operator.send(step, {"motivo": "not-received"})
    told = await operator.open(sent.headers["location"])
    await service.run_jobs()
    later = await operator.open(f"/messaggi/caso/{REPORT}")

    assert "A84A5-ZGR6S, Ascensore, via dei Campioni 3" in words(step)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/messaggi/caso/{REPORT}")
    assert "Il messaggio «Segnalazione conclusa o ritirata» parte di nuovo." in words(told)
    assert "Dice di non averlo ricevuto" in words(later)
    assert "parte di nuovo" not in words(later)
    assert len(service.mailer.taken) == 1
    [copy] = await service.documents(MESSAGES, {"state.copy_of": message.message_id})
    assert (copy.copy_by, copy.copy_reason) == ("ada-esempio", ResendReason.NOT_RECEIVED)


async def test_back_and_send_again_sends_no_second_copy_and_says_so(service: Any, operator: Browser) -> None:
    message = await resolved(service)
    step = await operator.open(f"/messaggi/{message.message_id}/rinvio")
    await operator.send(step, {"motivo": "tenant-request"})

    again = await operator.send(step, {"motivo": "tenant-request"})
    told = await operator.open(again.headers["location"])

    assert "L'aveva già fatto prima" in words(told)
    assert await service.store.count(MESSAGES.name, {"state.copy_of": message.message_id}) == 1


async def test_a_resend_needs_a_reason_and_is_refused_with_words(service: Any, operator: Browser) -> None:
    message = await resolved(service)
    step = await operator.open(f"/messaggi/{message.message_id}/rinvio")
    stale = await operator.open(f"/messaggi/{message.message_id}/rinvio")

    nothing = await operator.send(step, {})
    await operator.send(step, {"motivo": "other"})
    refused = await operator.send(stale, {"motivo": "other"})

    assert (nothing.status_code, refused.status_code) == (422, 409)
    assert "Scelga perché lo invia di nuovo." in words(nothing)
    assert "Il messaggio è già stato inviato di nuovo" in words(refused)
    assert "<title>Errore: " in nothing.text


async def test_a_form_of_another_session_changes_nothing(service: Any, operator: Browser) -> None:
    message = await resolved(service)
    place = f"/messaggi/{message.message_id}/rinvio"

    answer = await operator.http.post(place, data={"command_id": REPORT, "motivo": "other", "seal": "x"})

    assert answer.status_code == 403
    assert "Modulo scaduto" in words(answer)
    assert len(await service.documents(MESSAGES)) == 1


async def test_a_report_or_message_that_is_unknown_is_a_page(service: Any, operator: Browser) -> None:
    for path in (f"/messaggi/caso/{OTHER}", f"/messaggi/{OTHER}/rinvio"):
        page = await operator.open(path)
        assert page.status_code == 404
        assert "<h1>" in page.text


async def test_a_report_without_messages_says_so(service: Any, operator: Browser) -> None:
    service.names.known[OTHER] = NAME

    assert "non è stato scritto ancora nessun messaggio" in words(
        await operator.open(f"/messaggi/caso/{OTHER}")
    )


async def test_the_messages_of_a_person_are_those_of_all_their_reports(
    service: Any, operator: Browser
) -> None:
    await resolved(service)
    await resolved(service, OTHER)
    service.names.known[OTHER] = ReportName("BBBBB-22222", None, "via dei Campioni 3")
    service.names.people[REPORT] = [OTHER, REPORT]

    person = await operator.open(f"/messaggi/persona/{REPORT}")
    alone = await operator.open(f"/messaggi/persona/{OTHER}")
    nobody = await operator.open("/messaggi/persona/0190a000-0000-7000-8000-000000000009")
    service.names.is_up, service.names.people = False, {}
    away = await operator.open(f"/messaggi/persona/{REPORT}")

    assert person.text.count('<th scope="row"><a href=') == 2
    assert "A84A5-ZGR6S" in words(person)
    assert "BBBBB-22222, via dei Campioni 3" in words(person)
    assert alone.text.count('<th scope="row"><a href=') == 1
    assert (nobody.status_code, away.status_code) == (404, 503)


async def test_the_words_of_a_report_are_loaded_for_those_whom_intake_shows_them(service: Any) -> None:
    await resolved(service)
    fragment = f'hx-get="/segnalazioni/{REPORT}/scheda"'

    shown = {}
    for role in STAFF:
        browser = await log_in_apart(service, role)
        shown[role] = fragment in (await browser.open(f"/messaggi/caso/{REPORT}")).text

    assert shown == {"operator": True, "coordinator": True, "ops": False}


async def log_in_apart(service: Any, role: str) -> Browser:
    await service.store.delete("logins", [row["_id"] for row in await service.store.query("logins", {})])
    return await log_in(service, role)


async def test_other_roles_and_strangers_see_no_page(service: Any) -> None:
    officer = await log_in(service, "officer")
    refused = await officer.open("/messaggi")
    stranger = await service.http.get("/messaggi?stato=failed")

    assert refused.status_code == 403
    assert "Esci" in refused.text
    assert stranger.status_code == 303
    assert stranger.headers["location"] == "/messaggi/accesso?torna=/messaggi%3Fstato%3Dfailed"


@pytest.mark.parametrize("language", PUBLIC)
@pytest.mark.parametrize("part", ["text", "html"])
async def test_every_model_is_shown_in_every_language(operator: Browser, language: str, part: str) -> None:
    for kind, variants in VALUES.items():
        page = await operator.open("/messaggi/modelli", tipo=kind, lingua=language, parte=part)

        assert page.status_code == 200
        assert page.text.count("<section") == len(variants)
        assert "Ada Esempio" in page.text
        assert f'<div lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page.text
        assert len(re.findall(r"<html|<body|<h1", page.text)) == 3


async def test_the_models_say_who_has_reviewed_each_language(operator: Browser) -> None:
    shown = words(await operator.open("/messaggi/modelli", tipo="no-such-kind", lingua="tlh", parte="x"))

    assert "Segnalazione ricevuta" in shown
    assert shown.count("nessuno") >= len(PUBLIC)


@pytest.mark.parametrize("code", ["it", "en"])
def test_every_code_has_a_label(code: str) -> None:
    language = Texts.of("notify").language(code)
    codes: dict[str, list[str]] = {
        "message-kind": list(VALUES),
        "message-status": list(Status),
        "resend-reason": list(ResendReason),
        "message-reason": ["no-contact", "bad-address", "gave-up"],
        "resend-error": ["reason", "still-pending", "already-resent", "values-not-kept"],
        "list-error": ["day", "code-unknown", "code-not-searched"],
        "mail-part": ["text", "html"],
    }

    unnamed = [
        (kind, one) for kind, all_ in codes.items() for one in all_ if language.label(kind, one) == one
    ]
    assert [one for one in unnamed if code == "it"] == []
