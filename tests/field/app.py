"""The operators' app as a person uses it: buttons, fields, and what the page says is still on the phone."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from playwright.sync_api import Error, FilePayload, Page
from tests.field.phone import ACTION_SECONDS, Phone
from tests.field.pictures import photo

T = TypeVar("T")

PERSON, ROLE = "ada-esempio", "operator"
PATIENCE_SECONDS = 150.0
GLANCE_SECONDS = 5.0
# What the phone's database says without its contents, which only the app can decrypt: the records to send, and the reports that arrived.
STORED = """() => new Promise((answer, refuse) => {
    const asked = indexedDB.open("campo");
    asked.onerror = () => refuse(asked.error);
    asked.onsuccess = () => {
        const base = asked.result, names = ["outbox", "history"].filter(one => base.objectStoreNames.contains(one));
        if (names.length < 2) { base.close(); answer({outbox: [], history: []}); return; }
        const all = base.transaction(names), [outbox, history] = names.map(one => all.objectStore(one).getAll());
        all.oncomplete = () => {
            base.close();
            answer({outbox: outbox.result.map(one => [one.kind, one.report]), history: history.result.map(one => one.report)});
        };
        all.onabort = () => refuse(all.error);
    };
})"""
INSTALLED = "navigator.serviceWorker.getRegistration('/campo').then(one => Boolean(one?.active))"
LOOK_FOR_UPDATE = (
    "navigator.serviceWorker.getRegistration('/campo').then(one => { one?.update().catch(() => 0); })"
)


class StuckError(AssertionError):
    """The app does not come to what was waited for, with what it shows instead."""


@dataclass(frozen=True)
class OnPhone:
    """What the page says about the phone."""

    reports: int
    photos: int
    state: str


@dataclass
class App:
    """The app on a phone; a step that the network or a kill broke is done again, as people do."""

    phone: Phone
    url: str

    @property
    def page(self) -> Page:
        """The page of the app."""
        return self.phone.page

    def persist(self, step: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
        """The first result of a step that is not None; raises StuckError after some minutes."""
        deadline, said = time.monotonic() + seconds, ""
        while time.monotonic() < deadline:
            try:
                if (result := step()) is not None:
                    return result
            except Error as error:
                said = str(error).partition("\n")[0]
            time.sleep(0.2)
        raise StuckError(f"{what}: {said}: {self.shown()}")

    def shown(self) -> str:
        """The address and the words of the page."""
        try:
            visible = self.page.locator(
                "#on-phone, section[data-view]:visible .alert, .field-error, h1:visible"
            )
            words = " | ".join(" ".join(one.split()) for one in visible.all_inner_texts())
            return f"{self.page.url}: {words or self.page.locator('body').inner_text()[:300]}"
        except Error as error:
            return str(error).partition("\n")[0]

    # Coming in

    def open(self) -> None:
        """Opens the app, and logs in when it asks."""
        self.persist(self._come_in, "the app does not open")

    def wait_until_installed(self) -> None:
        """Loads the page again until the app can be opened without a network."""

        def installed() -> bool | None:
            if not self.is_ready():
                return self._come_in() and None
            return True if self.page.evaluate(INSTALLED) else None

        self.persist(installed, "the app is not installed")
        self.open()

    def wait_for_edition(self, edition: str) -> None:
        """Returns when the phone has this edition of the app, and no other."""

        def taken_over() -> bool | None:
            if self.is_ready() and all(name.endswith(edition) for name in self.editions()):
                return True
            self.open()
            self.page.evaluate(LOOK_FOR_UPDATE)
            return None

        self.persist(taken_over, f"the edition {edition} of the app does not take over")

    def editions(self) -> list[str]:
        """The names of the app's caches on the phone, each with the edition that it is of."""
        return [str(name) for name in self.page.evaluate("caches.keys()")]

    def _come_in(self) -> bool | None:
        page = self.page
        if self.is_ready():
            return True
        if page.locator("input[name=person]").count():
            self._sign_in()
        else:
            page.goto(f"{self.url}/campo", timeout=20_000)
        self._wait_shortly()
        return self.is_ready() or None

    def _wait_shortly(self) -> None:
        selector = '#ready[data-ready="1"], input[name=person]'
        self.page.wait_for_selector(selector, state="attached", timeout=GLANCE_SECONDS * 1000)

    def _sign_in(self) -> None:
        self.page.check(f"input[name=person][value={PERSON}]")
        self.page.check(f"input[name=role][value={ROLE}]")
        self.page.get_by_role("button", name="Entra").click()

    def is_ready(self) -> bool:
        """Whether the app has started."""
        return self.page.locator('#ready[data-ready="1"]').count() > 0

    def log_in_again(self) -> None:
        """Follows "Accedi di nuovo" as soon as the app shows it, and signs in."""

        def again() -> bool | None:
            page = self.page
            if page.locator("input[name=person]").count():
                self._sign_in()
            elif self.is_ready() and page.locator("#login-needed").is_visible():
                page.click("#login-needed")
            elif not self.is_ready():
                page.goto(f"{self.url}/campo", timeout=20_000)
            self._wait_shortly()
            return True if self.is_ready() and not page.locator("#login-needed").is_visible() else None

        self.persist(again, "the login does not come back")

    # Taking down

    def fill(self, text: str, category: str, place: str, photos: Sequence[int]) -> None:
        """Fills in the form for a problem."""
        page = self.page
        if not page.locator("form#problem").is_visible():
            page.click("#new-problem")
        form = page.locator("form#problem")
        form.locator("[name=category]").select_option(category)
        form.locator("[name=description]").fill(text)
        form.locator("[name=place-search]").fill(place)
        form.locator("#place-hits button[data-place]").first.click()
        self._answer_questions()
        if photos:
            form.locator("input#photos").set_input_files([_file(one) for one in photos])
            ready = form.locator("#problem-photos li[data-sha256]").nth(len(photos) - 1)
            ready.wait_for(state="attached")

    def _answer_questions(self) -> None:
        """Answers what the category asks: the last of several answers, which is no danger, or a number."""
        for question in self.page.locator("#questions [data-question]").all():
            choices = question.locator("input[type=radio], input[type=checkbox]")
            if choices.count():
                choices.last.check()
            elif question.locator("input[type=text]").count():
                question.locator("input[type=text]").fill("2")

    def save(self) -> str:
        """Saves the form; returns the id of the report once it is kept."""
        before, said = self.known(), self._last_saved()
        self.page.click("#save-problem")

        def saved() -> str | None:
            if self.page.locator("#similar").is_visible():
                self.page.click("#similar-none")
            if (now := self._last_saved()) not in ("", said):
                return now
            # A page that an update has loaded again says nothing about what it saved before.
            return next(iter(self.known() - before), None) if not now else None

        return self.persist(saved, "the report is not saved", ACTION_SECONDS)

    def _last_saved(self) -> str:
        return str(self.page.evaluate("document.body.dataset.saved || ''"))

    def press_save(self) -> None:
        """Saves the form without waiting for what the app says."""
        self.page.evaluate("document.querySelector('form#problem').requestSubmit()")

    # Looking

    def on_phone(self) -> OnPhone:
        """What the page says is still on the phone."""
        counted = self.page.locator('#on-phone:not([data-reports=""])')
        given = counted.evaluate("one => ({...one.dataset})", timeout=GLANCE_SECONDS * 1000)
        return OnPhone(int(given["reports"]), int(given["photos"]), str(given.get("state", "")))

    def queued(self) -> list[str]:
        """The kind of each record that is still to be sent, read from the database itself."""
        return [str(kind) for kind, _ in self.page.evaluate(STORED)["outbox"]]

    def known(self) -> set[str]:
        """The ids of the reports that the phone has, sent or not."""
        stored = self.page.evaluate(STORED)
        queued = {str(report) for kind, report in stored["outbox"] if kind == "report"}
        return queued | {*map(str, stored["history"])}

    def send_now(self) -> None:
        """Presses the button that sends at once."""
        if self.page.locator("#send-now").is_visible():
            self.page.click("#send-now")

    def wait_until_empty(self, progress: Callable[[OnPhone], None]) -> None:
        """Returns when nothing is on the phone; logs in when the app asks; raises StuckError when nothing leaves for minutes."""
        least, deadline = (1 << 30, 1 << 30), time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                now = self.on_phone()
                progress(now)
                if (now.reports, now.photos) == (0, 0) and not self.queued():
                    return
                if (now.reports, now.photos) < least:
                    least, deadline = (now.reports, now.photos), time.monotonic() + PATIENCE_SECONDS
                if now.state == "login":
                    self.log_in_again()
                self.page.evaluate(LOOK_FOR_UPDATE)
                self.send_now()
            except Error:
                self.open()
            time.sleep(1)
        raise StuckError(f"{least[0]} reports and {least[1]} photos stay on the phone: {self.shown()}")


def _file(number: int) -> FilePayload:
    return {"name": f"IMG_{number:04}.jpg", "mimeType": "image/jpeg", "buffer": photo(number)}
