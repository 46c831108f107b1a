"""Runs a scenario against the public APIs and pages as tenants and staff do, and keeps a client log."""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from stack.account_world import LoggedRequest
from stack.dev_tokens import DevTokens
from stack.play_phones import carry
from stack.play_talks import add_photos, hold
from stack.replies import Json, Reply, read_reply
from stack.scenario_world import InvalidRequest, Report, Scenario, about_of

AT_ONCE = 32
RETRY_SECONDS = 30.0
OUTCOMES = ("solved", "handed-off", "unfounded")
REASONS = ("solved-itself", "mistake", "other")


class Log:
    """The client log: one JSON object per line for each request, answered or not."""

    def __init__(self, path: Path) -> None:
        """Creates the file; raises FileExistsError when it exists."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("x", encoding="utf-8")

    def write(self, asked: LoggedRequest) -> None:
        """Appends and flushes one line."""
        self._file.write(json.dumps(asdict(asked), ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def read_log(path: Path) -> list[LoggedRequest]:
    """All lines of a client log."""
    with path.open(encoding="utf-8") as file:
        return [LoggedRequest(**json.loads(line)) for line in file]


@dataclass(frozen=True)
class PublicApis:
    """The base URLs of the public APIs, and the access tokens of their users; without the origin of the pages, no phone is played."""

    intake: str
    routing: str
    subsidies: str
    dev_tokens: DevTokens
    pages: str = ""


@dataclass
class Player:
    """Sends the requests of a scenario, retries each under the same id for `retry_seconds`, and logs the answers.

    `advance` is called with the name of a stage after each finished piece of its work."""

    client: httpx.AsyncClient
    apis: PublicApis
    log: Log
    advance: Callable[[str], None]
    retry_seconds: float = RETRY_SECONDS

    async def play(self, scenario: Scenario) -> None:
        """Runs the whole scenario: all reports and invalid requests, then the work of the staff."""
        limit = asyncio.Semaphore(AT_ONCE)
        ids: dict[int, str] = {}
        async with asyncio.TaskGroup() as reporting:
            for report in scenario.reports:
                reporting.create_task(self._within(limit, self.submit(report, scenario, ids), "reports"))
            for invalid in scenario.invalid:
                reporting.create_task(self._within(limit, self._submit_invalid(invalid), "reports"))
            for talk in scenario.talks:
                reporting.create_task(self._within(limit, hold(self, talk), "reports"))
            for phone in scenario.phones if self.apis.pages else ():
                reporting.create_task(self._within(limit, carry(self, phone), "reports"))
        async with asyncio.TaskGroup() as processing:
            for report in scenario.reports:
                if report.number in ids and (report.data or report.number in scenario.resolved):
                    processing.create_task(
                        self._within(limit, self.work_on(report, ids[report.number]), "work")
                    )

    async def _within(self, limit: asyncio.Semaphore, work: Any, stage: str) -> None:
        async with limit:
            await work
        self.advance(stage)

    async def submit(self, report: Report, scenario: Scenario, ids: dict[int, str]) -> None:
        """Sends one report with its resends and its withdrawal, and stores its id in `ids` when it is accepted."""
        body = report.body | (
            await self._form() if report.interface == "form" else self._client(report.report_id)
        )
        first = await self._send(report.interface, body)
        self.log_answer("report", body, "accepted", first, about_of(report))
        if first.status not in (200, 201):
            return
        ids[report.number] = body["report_id"]
        if report.number in scenario.again:
            self.log_answer("again", body, "same", await self._send(report.interface, body))
        if report.number in scenario.reused:
            other = body | {"description": f"{body['description']} E adesso anche un'altra cosa."}
            reply = await self._send("json", {"channel": "api"} | other)
            self.log_answer("reused", body, "id-reused", reply)
        if report.number in scenario.photos:
            await add_photos(self, body["report_id"], first.body, scenario.photos[report.number])
        for joiner in scenario.joins.get(report.number, ()):
            await self._join(joiner, body["report_id"])
        if report.number in scenario.withdrawn:
            await self._withdraw(report, body, first.body)

    async def _join(self, report: Report, main_id: str) -> None:
        joining = replace(report, body=report.body | {"joins": main_id})
        body = joining.body | self._client(report.report_id)
        self.log_answer("report", body, "accepted", await self._send("json", body), about_of(joining))

    async def _submit_invalid(self, invalid: InvalidRequest) -> None:
        if invalid.interface == "form":
            body = json.loads(invalid.content) | await self._form()
            reply, report_id = await self._send("form", body), body["report_id"]
        else:
            headers = {"Content-Type": "application/json"}
            url = f"{self.apis.intake}/v1/reports"
            reply = await self.request("POST", url, content=invalid.content, headers=headers)
            report_id = invalid.report_id
        self.log_answer(
            "flawed",
            {"report_id": report_id},
            invalid.expect,
            reply,
            invalid.contact | {"defect": invalid.defect},
        )

    async def _withdraw(self, report: Report, body: Json, receipt: Json) -> None:
        reply = await self.request(
            "POST",
            f"{self.apis.intake}/v1/reports/{receipt.get('tracking_code')}/withdrawal",
            json={"reason": REASONS[report.number % len(REASONS)]},
            headers={"Ascolto-Pin": str(receipt.get("pin"))} | sender_of(body),
        )
        self.log_answer("withdrawal", body, "withdrawn", reply)

    async def work_on(self, report: Report, report_id: str) -> None:
        """Enters the data of an application, or resolves the case of the report."""
        body = {"report_id": report_id}
        if report.data is not None:
            self.log_answer("data", body, report.expect, await self._enter_data(report.data, report_id))
        else:
            outcome = OUTCOMES[report.number % len(OUTCOMES)]
            self.log_answer("resolution", body, outcome, await self._resolve(report, report_id, outcome))

    async def _enter_data(self, data: Json, report_id: str) -> Reply:
        url = f"{self.apis.subsidies}/v1/applications"
        where = {"report_id": report_id}
        found = await self._until("officer", url, lambda reply: bool(reply.body.get("rows")), where)
        if not found.body.get("rows"):
            return found
        application = found.body["rows"][0]["application_id"]
        return await self.request_as("officer", "PUT", f"{url}/{application}/data", json=data)

    async def _resolve(self, report: Report, report_id: str, outcome: str) -> Reply:
        url = f"{self.apis.routing}/v1/cases/{report_id}"
        found = await self._until("operator", url, lambda reply: reply.status == 200, {})
        if found.status != 200:
            return found
        body = {"outcome": outcome, "command_id": report.report_id}
        return await self.request_as("operator", "POST", f"{url}/resolution", json=body)

    async def _until(
        self, role: str, url: str, there: Callable[[Reply], bool], params: Mapping[str, str]
    ) -> Reply:
        return await self._retry_until(lambda: self.request_as(role, "GET", url, params=params), there)

    async def request_as(self, role: str, method: str, url: str, **more: Any) -> Reply:
        """The answer to an authenticated request; retried on 401, because a service with a wrong clock may take a token for
        expired."""

        async def once() -> Reply:
            header = await self.apis.dev_tokens.header(role, self._post)
            return await self.request(method, url, headers=header, **more)

        return await self._retry_until(once, lambda reply: reply.status != 401)

    async def _post(self, url: str, form: Mapping[str, str]) -> Json:
        return (await self.request("POST", url, data=dict(form))).body

    async def _form(self) -> Json:
        """The hidden fields of a new form, and its cookie."""
        reply = await self.request("GET", f"{self.apis.intake}/segnala")
        return {"report_id": ""} | reply.body

    def _client(self, report_id: str) -> Json:
        """The fields that an API client adds to a report: its id, and the secret that authenticates a resend."""
        return {"report_id": report_id, "sender": secrets.token_hex(16)}

    async def _send(self, interface: str, body: Json) -> Reply:
        if interface == "form":
            return await self._send_form(body)
        plain = {name: value for name, value in body.items() if name not in CLIENT_FIELDS}
        url = f"{self.apis.intake}/v1/reports"
        return await self.request("POST", url, json=plain, headers=sender_of(body))

    async def _send_form(self, body: Json) -> Reply:
        """The page after the form: its receipt, or the step with what is wrong."""
        headers = {"Cookie": str(body.get("cookie", ""))}
        url = f"{self.apis.intake}/segnala"
        sent = await self.request("POST", url, data=form_of(body), headers=headers)
        if sent.status != 303:
            return sent
        page = await self.request("GET", f"{self.apis.intake}{sent.body['location']}", headers=headers)
        return replace(page, sent_at=sent.sent_at)

    async def request(self, method: str, url: str, **more: Any) -> Reply:
        """The answer to a request; the same bytes are sent again after a transport error or 503."""
        began = time.time()

        async def once() -> Reply:
            try:
                return read_reply(await self.client.request(method, url, **more), began)
            except httpx.TransportError as error:
                return Reply(0, type(error).__name__, {}, began, time.time())

        return await self._retry_until(once, lambda reply: reply.status not in (0, 503), longest=2.0)

    async def _retry_until(
        self, send: Callable[[], Awaitable[Reply]], enough: Callable[[Reply], bool], longest: float = 0.1
    ) -> Reply:
        """The first answer that `enough` accepts, or the last one within `retry_seconds`."""
        end, wait = time.monotonic() + self.retry_seconds, 0.1
        while not enough(reply := await send()) and time.monotonic() <= end:
            await asyncio.sleep(wait)
            wait = min(longest, wait * 2)
        return reply

    def log_answer(self, step: str, body: Json, expect: str, reply: Reply, about: Json | None = None) -> None:
        self.log.write(
            LoggedRequest(
                step=step,
                report_id=body["report_id"],
                expect=expect,
                status=reply.status,
                slug=reply.slug,
                sent_at=reply.sent_at,
                answered_at=reply.answered_at,
                answer={name: value for name, value in reply.body.items() if name in LOGGED_FIELDS},
                about=about or {},
            )
        )


LOGGED_FIELDS = (
    "report_id",
    "tracking_code",
    "pin",
    "sha256",
    "status",
    "outcome",
    "reasons",
    "amount_cents",
    "partial",
    "application_id",
    "decision_id",
)
CLIENT_FIELDS = ("seal", "cookie", "sender")
FORM_FIELDS = ("seal", "report_id", "category", "place_id", "description", "language")


def sender_of(body: Json) -> dict[str, str]:
    """The header that identifies the sender of a report, for API clients."""
    return {"Ascolto-Sender": body["sender"]} if "sender" in body else {}


def form_of(body: Json) -> dict[str, str]:
    """The form fields that a browser sends for a report."""
    contact = body.get("contact", {})
    fields = {name: str(body[name]) for name in FORM_FIELDS if name in body}
    fields |= {name: str(contact.get(name, "")) for name in ("name", "email", "phone")}
    return fields | ({"frailty": "1"} if body.get("frailty") else {})
