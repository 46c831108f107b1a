"""Staff sends a message again: one copy of a settled message, to the present contact, whatever is repeated."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.errors import Refused
from chassis.ids import derive
from contracts.routing import CaseOpened
from notify.app.resend import resend_message
from notify.domain.letters import Contact
from notify.domain.messages import Message, ResendReason, Status
from notify.handlers.documents import MESSAGES, THREADS

REPORT = "0190a000-0000-7000-8000-000000000001"
ASKED = UUID("0190a000-0000-7000-8000-0000000000aa")
OPERATOR = {"Authorization": "Bearer op"}
ANNA = Contact("anna@example.org", "Anna Esempio")


async def opened(service: Any) -> str:
    """A case is opened, due in two days; the id of its message."""
    due = service.now + timedelta(days=2)
    await service.event(
        CaseOpened(
            report_id=REPORT,
            route="technical-office",
            operator=None,
            rule="technical",
            rules_version="1",
            urgency="u",
            neighbourhood="monterosso",
            contact_due_at=due,
            due_at=due,
        )
    )
    [message] = await service.documents(MESSAGES)
    return str(message.message_id)


async def failed(service: Any) -> str:
    """A message that the mail server refused; its id."""
    service.contacts.known[REPORT] = ANNA
    service.mailer.answers[ANNA.email] = 550
    message_id = await opened(service)
    await service.run_jobs()
    service.mailer.answers.clear()
    return message_id


async def resent(service: Any, message_id: str, command_id: UUID = ASKED) -> Message:
    answer = await resend_message(
        service.context, message_id, REPORT, ResendReason.ADDRESS_CORRECTED, "ada-esempio", command_id
    )
    found = await service.document(MESSAGES, answer.body["message_id"])
    assert found is not None
    return found  # type: ignore[no-any-return]


async def test_a_failed_message_is_sent_again_to_the_present_contact(service: Any) -> None:
    message_id = await failed(service)
    service.contacts.known[REPORT] = Contact("anna.esempio@example.org")

    copy = await resent(service, message_id)
    await service.run_jobs()

    assert [mail["To"] for mail in service.mailer.taken] == ["anna.esempio@example.org"]
    assert (copy.copy_of, copy.copy_reason, copy.copy_by) == (
        message_id,
        ResendReason.ADDRESS_CORRECTED,
        "ada-esempio",
    )
    thread = await service.document(THREADS, REPORT)
    assert (thread.pending, thread.sent, thread.failed) == (0, 1, 1)


async def test_the_same_request_again_sends_no_second_copy(service: Any) -> None:
    message_id = await failed(service)
    first = await resent(service, message_id)
    await service.run_jobs()
    await service.store.delete("inbox", [row["_id"] for row in await service.store.query("inbox", {})])

    again = await resent(service, message_id)
    await service.run_jobs()

    assert again.message_id == first.message_id
    assert len(service.mailer.taken) == 1


async def test_a_pending_message_is_not_sent_again(service: Any) -> None:
    with pytest.raises(Refused, match="still-pending"):
        await resent(service, await opened(service))


async def test_a_message_has_one_copy_and_the_copy_can_have_another(service: Any) -> None:
    message_id = await failed(service)
    other = UUID("0190a000-0000-7000-8000-0000000000bb")
    copy = await resent(service, message_id)

    with pytest.raises(Refused, match="already-resent"):
        await resent(service, message_id, other)
    with pytest.raises(Refused, match="still-pending"):
        await resent(service, copy.message_id, other)
    await service.run_jobs()
    second = await resent(service, copy.message_id, other)

    assert second.copy_of == copy.message_id


async def test_a_due_date_that_has_passed_is_left_out_of_the_copy(service: Any) -> None:
    message_id = await failed(service)
    service.now += timedelta(days=3)

    copy = await resent(service, message_id)

    assert copy.values == {"route": "technical-office", "contact_due_at": "", "due_at": ""}


async def test_a_message_whose_values_were_not_kept_is_refused(service: Any) -> None:
    message_id = await failed(service)
    row = await service.store.get(MESSAGES.name, message_id)
    former = {name: value for name, value in row["state"].items() if name in Message.__annotations__}
    for name in ("values", "resent_as", "copy_of", "copy_reason", "copy_by"):
        del former[name]
    older = {name: value for name, value in row.items() if name != "schema"} | {"state": former}
    session = await service.store.session()
    await session.transact(lambda tx: tx.replace(MESSAGES.name, [({"_id": row["_id"]}, older)]))

    with pytest.raises(Refused, match="values-not-kept"):
        await resent(service, message_id)


async def test_a_message_of_another_report_or_none_is_unknown(service: Any) -> None:
    message_id = await failed(service)
    other = "0190a000-0000-7000-8000-000000000002"

    for one, report in ((message_id, other), (other, REPORT)):
        with pytest.raises(Refused, match="unknown-message"):
            await resend_message(service.context, one, report, ResendReason.OTHER, "ada", ASKED)


async def test_the_api_sends_again_for_staff_alone(service: Any) -> None:
    path = f"/v1/messages/{await failed(service)}/copies"
    body = {"reason": "not-received", "command_id": str(ASKED)}

    first = await service.http.post(path, json=body, headers=OPERATOR)
    again = await service.http.post(path, json=body, headers=OPERATOR)
    officer = await service.http.post(path, json=body, headers={"Authorization": "Bearer of"})
    wrong = await service.http.post(path, json={"reason": "because"}, headers=OPERATOR)
    missing = await service.http.post(f"/v1/messages/{ASKED}/copies", json=body, headers=OPERATOR)

    assert first.json() == {"message_id": derive(str(ASKED), "copy"), "status": Status.PENDING.value}
    assert again.json() == first.json()
    assert (officer.status_code, wrong.status_code, missing.status_code) == (403, 422, 404)
