"""A campaign: an operator takes down reports with photos while the network, the browser, the login and the app's version fail."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Error
from pymongo import MongoClient
from tests.field.account import Finding, Observed, Typed, settle
from tests.field.app import LOOK_FOR_UPDATE, App, OnPhone
from tests.field.holdings import read_holdings, report_ids
from tests.field.network import CALM, Weather
from tests.field.network_thread import NetworkThread
from tests.field.phone import readable
from tests.field.plan import Happening, Plan
from tests.field.tampering import EDITION, AppUpdates

from stack.system import System

PROBLEMS = (
    ("pulizia", "Nessuno lava le scale"),
    ("vicinato", "Rumori di notte"),
    ("luce-scale", "Luce fulminata"),
)
PLACES = ("Darwin edificio A", "Darwin edificio B", "Luzzatti")
SESSIONS = "sessions"


@dataclass
class Campaign:
    """One run: the operator's steps, and what was seen meanwhile."""

    system: System
    app: App
    network: NetworkThread
    updates: AppUpdates
    weather: Weather
    plan: Plan
    say: Callable[[str], None]
    leaks: dict[str, None] = field(default_factory=dict)
    queued_at_kills: list[int] = field(default_factory=list)
    typed_again: int = 0
    began: float = field(default_factory=time.time)
    before: set[str] = field(init=False)
    left: OnPhone = field(init=False)
    editions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.before = report_ids(self.system)

    def run(self) -> None:
        """Takes everything down, waits until nothing is on the phone, and switches it off."""
        self.app.open()
        self.app.wait_until_installed()
        self.say("the app is installed; the operator leaves the office and its network")
        self.network.network.weather = self.weather
        for place, report in enumerate(self.plan.typed):
            kills = False
            for what in self.plan.happenings.get(place, ()):
                self.say(f"report {place}: {what}")
                kills = kills or what is Happening.KILL_SAVING
                self._happen(what)
            self._take_down(place, report, kill=kills)
            self.say(f"taken down: {place + 1} of {len(self.plan.typed)}")
        self.say("everything is taken down; waiting for the phone")
        self.app.wait_until_empty(self._tell)
        self.say("nothing is on the phone; the operator is back in the office, where the update arrives")
        self.network.network.weather = CALM
        self.app.wait_for_edition(f"{EDITION}{self.updates.edition}")
        self.left, self.editions = self.app.on_phone(), self.app.editions()
        self.app.phone.close()
        self._search_profile()

    def _happen(self, what: Happening) -> None:
        steps = {
            Happening.AWAY: self.network.go_away,
            Happening.BACK: self.network.come_back,
            Happening.UPDATE: self._update,
            Happening.EXPIRED: self._end_logins,
            Happening.KILL: self._kill,
        }
        steps.get(what, lambda: None)()

    def _take_down(self, place: int, report: Typed, *, kill: bool) -> None:
        """Takes down one report; after a kill while it is saved, looks whether the phone has it before typing it again."""
        category, words = PROBLEMS[place % len(PROBLEMS)]
        text, where = f"{words}, dice {report.word}.", PLACES[place % len(PLACES)]
        fill = lambda: self.app.fill(text, category, where, report.photos)  # noqa: E731
        if kill:
            self._retry(fill)
            before = self.app.known()
            self.app.press_save()
            self._kill()
            if self.app.known() - before:
                return
            self.typed_again += 1
        self._retry(fill)
        self.app.save()

    def _retry(self, fill: Callable[[], None]) -> None:
        """Fills in the form, anew when the page is loaded again meanwhile: nothing was saved then."""

        def again() -> bool | None:
            if not self.app.is_ready():
                self.app.open()
            fill()
            return True

        self.app.persist(again, "the form cannot be filled in")

    def _kill(self) -> None:
        try:
            self.queued_at_kills.append(len(self.app.queued()))
        except Error:
            self.queued_at_kills.append(0)
        self.app.phone.kill()
        self._search_profile()
        self.app.phone.start()
        self.app.open()

    def _search_profile(self) -> None:
        words = [report.word for report in self.plan.typed]
        self.leaks |= dict.fromkeys(readable(self.app.phone.profile, words))

    def _update(self) -> None:
        """Publishes another version of the app, which the browser looks for when the network is there."""
        self.updates.edition += 1
        try:
            self.app.page.evaluate(LOOK_FOR_UPDATE)
        except Error:
            self.app.open()

    def _end_logins(self) -> None:
        with MongoClient[dict[str, object]](self.system.mongod.admin) as client:
            client["intake"][SESSIONS].delete_many({})

    def _tell(self, now: OnPhone) -> None:
        self.say(f"on the phone: {now.reports} reports, {now.photos} photos ({now.state})")

    def settle(self) -> list[Finding]:
        """The faults that the account finds."""
        found = read_holdings(self.system, self.began, self.before)
        left = (self.left.reports, self.left.photos)
        return settle(
            self.plan.typed, Observed(found.held, found.registered, found.cases, *left, tuple(self.leaks))
        )
