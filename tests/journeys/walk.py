"""A person at a browser: opens pages, fills forms and reads; every page that is shown is checked by itself."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Page, Request

from stack.system import System
from stack.tools import REPOSITORY

HERE = REPOSITORY / "tests" / "journeys"
AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
SECONDS = 30
MOST_TABS = 400
PHONE, DESKTOP = (390, 844), (1280, 900)
# Every rule of WCAG 2.2 A and AA and every rule of good practice, findings of any level.
RUN_AXE = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
    rule => [rule.id, rule.impact, rule.nodes.map(node => node.target.join(" "))])"""
# What is focused, whether that is the target, and whether it looks as it does without the focus.
FOCUS = """target => {
    const focused = document.activeElement;
    if (!focused || focused === document.body) return {isTarget: false, name: "", unseen: ""};
    const look = () => [focused, ...(focused.labels || [])].flatMap(one => [null, "::before", "::after"].map(part => {
        const style = getComputedStyle(one, part);
        const outline = style.outlineStyle === "none" ? "" : [style.outlineStyle, style.outlineWidth, style.outlineColor];
        return [outline, style.boxShadow, style.backgroundColor, style.borderColor, style.textDecoration].join();
    })).join();
    const isTarget = focused === target, name = focused.name || "", withFocus = look();
    focused.blur();
    const withoutFocus = look();
    focused.focus({preventScroll: true, focusVisible: true});
    const box = focused.getBoundingClientRect(), isOnScreen = box.bottom > 0 && box.top < innerHeight;
    const isSeen = withFocus !== withoutFocus && isOnScreen;
    return {isTarget, name, unseen: isSeen ? "" : focused.outerHTML.slice(0, 120)};
}"""
# What differs from one showing of a page to the next: ids, seals, codes.
_VARIABLE = re.compile(r"(?=[\w-]*\d)[\w-]{16,}")
_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class MissingError(AssertionError):
    """A page does not show what the journey says, with what it shows instead."""


@dataclass(frozen=True)
class Finding:
    """Something wrong with a page: the rule, the page, and where on it."""

    rule: str
    page: str
    where: str


@dataclass
class Record:
    """The pages that were shown, in each language, and what is wrong with them."""

    pages: dict[tuple[str, str], str] = field(default_factory=dict)
    findings: dict[Finding, None] = field(default_factory=dict)

    def add(self, rule: str, page: str, where: str) -> None:
        """Notes a finding once."""
        self.findings[Finding(rule, page, where)] = None


@dataclass
class World:
    """What journeys walk on: the browser, the system's address, what is written down."""

    browser: Browser
    url: str
    issuer: str
    mails: Path
    system: System | None = None
    record: Record = field(default_factory=Record)
    check: bool = True
    # Documents that axe has seen, and the cookies of staff who have logged in.
    measured: set[object] = field(default_factory=set)
    sessions: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def walk(self, **options: Any) -> "Walk":
        """A person who has never been here."""
        return Walk(self, **options)


class Walk:
    """One person's browser, with its own cookies.

    `keyboard` uses nothing but keys: what cannot be reached with Tab cannot be used."""

    def __init__(
        self,
        world: World,
        *,
        javascript: bool = True,
        language: str = "it",
        keyboard: bool = False,
        screen: tuple[int, int] = PHONE,
    ) -> None:
        """Opens an empty window."""
        self.world, self.javascript, self.keyboard = world, javascript, keyboard
        self.language, self.screen = language, screen
        self.context = world.browser.new_context(
            java_script_enabled=javascript,
            locale=language,
            viewport={"width": screen[0], "height": screen[1]},
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(SECONDS * 1000)
        if javascript and world.check:
            self.context.add_init_script(path=AXE)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self._note("script", str(error)))
        self.page.on("request", self._requested)

    def close(self) -> None:
        """Closes the window and forgets its cookies."""
        self.context.close()

    # Moving

    def open(self, path: str, status: int = 200) -> "Walk":
        """Types an address."""
        answer = self.page.goto(path if "://" in path else self.world.url + path)
        if answer is None or answer.status != status:
            raise MissingError(
                f"{path} answered {answer and answer.status} instead of {status}: {self._said()}"
            )
        return self._look()

    def follow(self, name: str) -> "Walk":
        """Follows a link with these words."""
        return self._use(self._named("link", name))

    def press(self, name: str = "") -> "Walk":
        """Presses a button with these words; without words, the one that sends the page's own form."""
        return self._use(
            self._named("button", name) if name else self.page.locator("main form [type=submit]").last
        )

    def back(self) -> "Walk":
        """Goes back one page; the page must come back."""
        self.page.go_back()
        return self._look()

    def log_in(self, person: str, role: str, path: str, *, fresh: bool = False) -> "Walk":
        """Opens a page of staff as this person in this role, who signs in at the issuer unless an earlier walk did.

        A `fresh` login is this walk's own: who logs out leaves the others where they are."""
        known = None if fresh else self.world.sessions.get((person, role))
        if known:
            self.context.add_cookies(known)
            return self.open(path)
        self._sign_in(person, role, path)
        if not fresh:
            self.world.sessions[person, role] = [*self.context.cookies()]
        return self

    def _sign_in(self, person: str, role: str, path: str) -> "Walk":
        self.page.goto(self.world.url + path)
        if urlsplit(self.page.url).netloc != urlsplit(self.world.issuer).netloc:
            raise MissingError(f"{path} did not ask who is there: {self._said()}")
        self._look()
        self.page.check(f"input[name=person][value={person}]")
        self.page.check(f"input[name=role][value='{role}']")
        return self.press("Entra")

    # Filling in

    def fill(self, label: str, text: str) -> "Walk":
        """Writes into a field, found by its label or its name."""
        return self._write(self._field(label), text)

    def choose(self, label: str, option: str) -> "Walk":
        """Chooses an option of a list by its words, or by its value."""
        box = self._field(label)
        by_value = box.locator(f"option[value={option!r}]")
        by_words = box.locator("option").filter(has_text=option)
        value = (by_value if by_value.count() else by_words).first.get_attribute("value")
        if not self.keyboard:
            box.select_option(value)
            return self
        self._reach(box)
        self.page.keyboard.press("Home")
        for _ in range(box.locator("option").count()):
            if box.input_value() == value:
                return self
            self.page.keyboard.press("ArrowDown")
        raise MissingError(f"{self.here}: the keyboard does not choose {option!r} of {label!r}")

    def tick(self, label: str) -> "Walk":
        """Ticks a box or chooses one of several answers."""
        return self._mark(self._field(label))

    def pick(self, name: str, value: str) -> "Walk":
        """Chooses one of several answers by its field and value, in whatever language the page is."""
        return self._mark(self.page.locator(f"main input[name={name!r}][value={value!r}]").first)

    def pick_first(self, name: str) -> "Walk":
        """Chooses the first of several answers."""
        return self._mark(self.page.locator(f"main input[name={name!r}]:not([type=hidden])").first)

    def unfold(self, name: str) -> "Walk":
        """Opens what is folded below these words."""
        self.page.locator("summary").filter(has_text=name).first.click()
        return self._look()

    # Reading

    def sees(self, *texts: str) -> "Walk":
        """The page shows all these texts."""
        self.wait_for(lambda: all(text.casefold() in self.text.casefold() for text in texts), f"{texts}")
        return self

    def until(self, text: str) -> "Walk":
        """Loads the page again until it shows this text."""

        def shown() -> bool:
            if text.casefold() in self.text.casefold():
                return True
            self.page.reload()
            return False

        self.wait_for(shown, text)
        return self._look()

    def sees_not(self, *texts: str) -> "Walk":
        """The page shows none of these texts."""
        for text in texts:
            if text.casefold() in self.text.casefold():
                raise MissingError(f"{self.here} shows {text!r}")
        return self

    def is_at(self, path: str) -> "Walk":
        """The address is this path, or one that the expression matches."""
        self.wait_for(lambda: re.fullmatch(path, self.path) is not None, f"the address {path}")
        return self

    @property
    def path(self) -> str:
        """The path of the address."""
        return urlsplit(self.page.url).path

    @property
    def here(self) -> str:
        """The address without what differs from one case to the next."""
        place = urlsplit(self.page.url)
        own = "" if self.page.url.startswith(self.world.url) else "issuer:"
        return own + _IDS.sub("{id}", place.path)

    @property
    def text(self) -> str:
        """All words of the page; none while it is being replaced."""
        try:
            return re.sub(r"\s+", " ", self.page.locator("body").inner_text())
        except Error:
            return ""

    @property
    def heading(self) -> str:
        """The main heading."""
        return self.page.locator("h1").first.inner_text().strip()

    def mail_to(self, address: str, word: str) -> str:
        """The source of a mail to this address with this word, once it has arrived."""
        found: list[str] = []

        def arrived() -> bool:
            for file in self.world.mails.glob("*.eml"):
                mail = message_from_bytes(file.read_bytes(), policy=policy.default)
                texts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
                if address in str(mail["To"]) and any(word in text for text in texts):
                    found.append("\n".join([str(mail["Subject"]), *texts]))
            return bool(found)

        self.wait_for(arrived, f"a mail to {address}")
        return found[0]

    def all(self, selector: str) -> Locator:
        """The elements that a selector finds."""
        return self.page.locator(selector)

    # Inside

    def _use(self, target: Locator) -> "Walk":
        if self.keyboard:
            self._reach(target)
            self.page.evaluate("window.isLeft = true")
            self.page.keyboard.press("Enter")
            self._leave()
        else:
            target.click()
        self.page.wait_for_load_state()
        return self._look()

    def _leave(self) -> None:
        """Waits until the page is another one, or for a second: fragments change in place."""
        for _ in range(20):
            self.page.wait_for_timeout(50)
            try:
                if not self.page.evaluate("window.isLeft"):
                    return
            except Error:
                continue  # the page is just being replaced

    def _mark(self, box: Locator) -> "Walk":
        """Marks a box as people do: on its label, or with the space bar."""
        box.wait_for(state="attached")
        if self.keyboard:
            self._reach(box, group=True)
            self.page.keyboard.press("Space")
        elif not box.is_checked():
            self.page.locator(f"label[for={box.get_attribute('id')!r}]").first.click(
                position={"x": 4, "y": 4}
            )
        if not box.is_checked():
            raise MissingError(f"{self.here}: {box} is not marked")
        return self

    def _write(self, target: Locator, text: str) -> "Walk":
        if self.keyboard:
            self._reach(target)
            self.page.keyboard.press("Control+A")
            self.page.keyboard.insert_text(text)
        else:
            target.fill(text)
        return self

    def _reach(self, target: Locator, *, group: bool = False) -> None:
        """Presses Tab until the focus is on the target, and is seen on the way; of a group of answers, then the arrows."""
        target.wait_for()
        wanted = target.element_handle()
        radios = target.get_attribute("name") if group and target.get_attribute("type") == "radio" else None
        for pressed in range(MOST_TABS):
            now = self.page.evaluate(FOCUS, wanted)
            # What was focused before the first key may have been clicked on, which need not show.
            if pressed and now["unseen"]:
                self._note("focus is not visible", now["unseen"])
            if now["isTarget"]:
                return
            self.page.keyboard.press("ArrowDown" if radios and now["name"] == radios else "Tab")
        raise MissingError(f"{self.here}: the keyboard does not reach {target}")

    def _named(self, role: Any, name: str) -> Locator:
        found = self.page.get_by_role(role, name=name)
        self.wait_for(lambda: found.count() > 0, f"the {role} {name!r}")
        main = self.page.get_by_role("main").get_by_role(role, name=name)
        exact = self.page.get_by_role(role, name=name, exact=True)
        return (main if main.count() else exact if exact.count() else found).first

    def _field(self, label: str) -> Locator:
        by_name = (
            self.page.locator(f"main [name={label!r}]:not([type=hidden])")
            if re.fullmatch(r"[\w-]+", label)
            else None
        )
        if by_name is not None and by_name.count():
            return by_name.first
        found = self.page.get_by_label(label)
        self.wait_for(lambda: found.count() > 0, f"the field {label!r}")
        return found.first

    def wait_for(self, right: Callable[[], object], what: str) -> None:
        """Returns when this is right; raises MissingError after some seconds."""
        for _ in range(SECONDS * 10):
            if right():
                return
            self.page.wait_for_timeout(100)
        raise MissingError(f"{self.here} does not show {what}: {self._said()}")

    def _said(self) -> str:
        return f"{self.page.url}: {self.text[:600]}"

    def _look(self) -> "Walk":
        """Checks the page that is shown, in the state that it is in; one that begins anew meanwhile is checked then."""
        for _ in range(20):
            try:
                return self._looked()
            except Error as error:
                if "navigat" not in error.message:
                    raise
                self.page.wait_for_timeout(100)
        return self._looked()

    def _looked(self) -> "Walk":
        self.page.wait_for_load_state("load")
        language = self.page.locator("html").get_attribute("lang") or ""
        self.world.record.pages[(self.here, language)] = self.page.url
        if self.world.check:
            self._require(self.page.locator("h1").count() == 1, "one h1")
            self._require(bool(language), "lang")
            if self.javascript and self._is_new():
                self._run_axe()
        return self

    def _is_new(self) -> bool:
        """Whether no document like this one was measured on this screen: axe would find the same."""
        document = (self.screen, self.here, _VARIABLE.sub("", self.page.content()))
        is_new = document not in self.world.measured
        self.world.measured.add(document)
        return is_new

    def _run_axe(self) -> None:
        for rule, impact, nodes in self.page.evaluate(RUN_AXE):
            for node in nodes:
                self._note(f"axe {rule} ({impact})", node)

    def _require(self, right: bool, rule: str) -> None:
        if not right:
            self._note(rule, "html")

    def _note(self, rule: str, where: str) -> None:
        self.world.record.add(rule, self.here, where)

    def _console(self, message: ConsoleMessage) -> None:
        # A page that is shown with 404 or 422 is itself such a message; what it lacks has another address.
        own = message.location.get("url", "") == self.page.url and "the server responded" in message.text
        # A fragment without a session sends the browser through a login, and back.
        own = own or (message.location.get("url", "").endswith("/scheda") and "401" in message.text)
        # The operators' app is told that the login is over, and goes on without a network.
        asked = re.search("/v1/field/|/lavoro/oggi", message.location.get("url", ""))
        own = own or (asked is not None and "401" in message.text)
        own = own or "net::ERR_INTERNET_DISCONNECTED" in message.text
        # Axe tries styles of its own on the page, which the page's policy refuses.
        measured = message.location.get("url", "").endswith(AXE.name)
        if message.type == "error" and not own and not measured:
            self._note("console", f"{message.text} {message.location.get('url', '')}")

    def _requested(self, request: Request) -> None:
        address = urlsplit(request.url)
        known = {urlsplit(self.world.url).netloc, urlsplit(self.world.issuer).netloc}
        if address.scheme in ("http", "https") and address.netloc not in known:
            self._note("third party", address.netloc)
