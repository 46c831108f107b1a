"""Plays an operator's phone that had no network, through the same API as the operators' app."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from stack.page_login import log_in
from stack.play_talks import photo
from stack.replies import Json, Reply
from stack.scenario_world import Phone, Report, about_of

if TYPE_CHECKING:
    from stack.play import Player

OF_A_TALK = ("contact", "language")
_SEAL = re.compile(r'name="seal" value="([^"]+)"')
Make = Callable[[], Json]
_COMMAND = re.compile(r'name="command_id" value="([^"]+)"')


class FieldPhone:
    """One phone: it sends what it kept when the network is back, everything twice, as if each first answer had been lost."""

    def __init__(self, player: "Player", phone: Phone, headers: Mapping[str, str]) -> None:
        self._player, self._phone, self._headers = player, phone, dict(headers)
        self._url = f"{player.apis.intake}/v1/field"
        self._captured: dict[str, str] = {}

    async def send(self) -> None:
        """Sends the talk with its problems, then the problem by itself, each with its photos."""
        talk = self._phone.talk
        path = f"/talks/{talk.session_id}"
        await self._twice("PUT", path, lambda: self._times("started_at") | {"household": talk.household})
        for report in talk.reports:
            shared = {name: talk.household[name] for name in OF_A_TALK}
            await self._report(report, shared | {"session_id": talk.session_id})
        follow_up = f"{path}/follow-ups/{talk.session_id}"
        await self._twice("PUT", follow_up, lambda: talk.follow_up)
        _, ended = await self._twice("POST", f"{path}/end", dict)
        taken = {"reports": [one.report_id for one in talk.reports], "what": talk.follow_up["what"]}
        self._player.log_answer("talk", {"report_id": talk.session_id}, "ended", ended, taken)
        if self._phone.shown_place:
            await self._outdated(self._phone.alone)
        else:
            await self._report(self._phone.alone, {})

    async def _report(self, report: Report, shared: Json) -> None:
        body = {**_sent(report), **shared}
        first, again = await self._twice("PUT", f"/reports/{report.report_id}", lambda: self._body(body))
        about = about_of(replace(report, body=report.body | shared | {"channel": "operator"}))
        self._player.log_answer("report", report.body, "accepted", first, about | self._heard)
        self._player.log_answer("again", report.body, "same", again)
        await self._photos(report)

    async def _outdated(self, report: Report) -> None:
        """A report about a place that was closed meanwhile waits with its photos, and the desk moves it to the right place."""
        body = _sent(report) | {"place_id": self._phone.shown_place}
        path = f"/reports/{report.report_id}"
        for answer in await self._twice("PUT", path, lambda: self._body(body)):
            self._player.log_answer("kept", report.body, "place-closed", answer, self._heard)
        await self._photos(report)
        await _complete(self._player, report)
        arrived = await self._ask("PUT", path, self._body(body))
        self._player.log_answer("report", report.body, "accepted", arrived, about_of(report) | self._heard)

    async def _photos(self, report: Report) -> None:
        for number in range(self._phone.photos.get(report.number, 0)):
            data = photo(f"{report.report_id} {number}")
            digest = hashlib.sha256(data).hexdigest()
            url = f"{self._url}/reports/{report.report_id}/photos/{digest}"
            for _ in range(2):
                headers = self._headers | {"Content-Type": "image/png"}
                answer = await self._player.request("PUT", url, content=data, headers=headers)
                self._player.log_answer("photo", {"report_id": report.report_id}, digest, answer)

    @property
    def _heard(self) -> Json:
        return {"late": self._phone.late}

    def _times(self, began: str) -> Json:
        """When it was heard and when it is sent, by the clock of the phone."""
        now = datetime.now(UTC) - timedelta(seconds=self._phone.behind)
        return {began: (now - timedelta(seconds=self._phone.late)).isoformat(), "sent_at": now.isoformat()}

    def _body(self, body: Json) -> Json:
        """A report keeps what the phone's clock showed when it was heard; it was heard `late` seconds before it is first sent."""
        times = self._times("captured_at")
        captured = self._captured.setdefault(str(body["description"]), times["captured_at"])
        return body | times | {"captured_at": captured}

    async def _twice(self, method: str, path: str, body: Make) -> tuple[Reply, Reply]:
        return await self._ask(method, path, body()), await self._ask(method, path, body())

    async def _ask(self, method: str, path: str, body: Json) -> Reply:
        return await self._player.request(method, self._url + path, json=body, headers=self._headers)


async def carry(player: "Player", phone: Phone) -> None:
    """Logs in with one phone and sends what it kept."""
    headers = await log_in(player.apis.pages, "operator")
    day = await player.request("GET", f"{player.apis.intake}/v1/field/day", headers=headers)
    named = headers | {"Ascolto-Person": str(day.body.get("owner"))}
    await FieldPhone(player, phone, named).send()


async def _complete(player: "Player", report: Report) -> None:
    """Completes a waiting item on the desk's page, as a coordinator does."""
    headers = await log_in(player.apis.pages, "coordinator")
    url = f"{player.apis.pages}/segnalazioni/da-completare/{report.report_id}"
    page = (await player.client.get(url, headers=headers)).text
    form = {name: str(report.body[name]) for name in ("category", "place_id", "description", "language")}
    form |= {name: str(value) for name, value in report.body.get("contact", {}).items()} | {"seen": "1"}
    hidden = {"seal": _SEAL.findall(page)[:1], "command_id": _COMMAND.findall(page)[:1]}
    answer = await player.request("POST", url, data=form | hidden, headers=headers)
    player.log_answer("completion", report.body, "settled", answer)


def _sent(report: Report) -> Json:
    """What the app sends of a report; its channel and its hour are not among it."""
    names = ("category", "place_id", "description", "language", "contact", "frailty")
    return {name: report.body[name] for name in names if name in report.body}
