"""A phone: Chromium as a process of its own with a profile that lasts, which can be killed and started again."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright
from tests.journeys.browser import FLAGS, program

from stack.processes import StackError

START_SECONDS = 60.0
SCREEN = (390, 844)
ACTION_SECONDS = 30.0
# Typed words are looked for in both ways in which browsers store text.
ENCODINGS = ("utf-8", "utf-16-le")


@dataclass
class Phone:
    """A browser with this profile, whose requests to one port of this machine go to another."""

    playwright: Playwright
    profile: Path
    port: int
    through: int
    kills: int = 0
    _process: "subprocess.Popen[bytes] | None" = None
    _browser: Browser | None = None
    _log: Path = field(init=False)

    def __post_init__(self) -> None:
        self._log = self.profile.with_suffix(".log")

    def start(self) -> None:
        """Starts the browser with what the profile holds; raises StackError when it does not start."""
        self.profile.mkdir(parents=True, exist_ok=True)
        ready = self.profile / "DevToolsActivePort"
        ready.unlink(missing_ok=True)
        for lock in self.profile.glob("Singleton*"):
            lock.unlink()  # a killed browser leaves it
        options = [
            f"--user-data-dir={self.profile}",
            f"--host-resolver-rules=MAP 127.0.0.1:{self.port} 127.0.0.1:{self.through}",
            "--remote-debugging-port=0",
            "--headless=new",
            "--password-store=basic",
            "--disable-background-timer-throttling",
            "--disable-renderer-backgrounding",
            "about:blank",
        ]
        with self._log.open("ab") as log:
            command = [program(), *FLAGS, *options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        self._browser = self.playwright.chromium.connect_over_cdp(
            f"http://127.0.0.1:{self._debugging_port(ready)}", timeout=START_SECONDS * 1000
        )
        self.context.set_default_timeout(ACTION_SECONDS * 1000)

    def _debugging_port(self, ready: Path) -> int:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with suppress(OSError, ValueError, IndexError):
                return int(ready.read_text().splitlines()[0])
            if self._process is None or self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise StackError(f"Chromium did not start; its log is {self._log}.")

    @property
    def context(self) -> BrowserContext:
        """What the profile holds: cookies, storage, workers."""
        assert self._browser is not None, "the phone is off"
        return self._browser.contexts[0]

    @property
    def page(self) -> Page:
        """The one page."""
        pages = self.context.pages
        page = pages[0] if pages else self.context.new_page()
        page.set_viewport_size({"width": SCREEN[0], "height": SCREEN[1]})
        return page

    def kill(self) -> None:
        """Ends every process of the browser with SIGKILL, in the middle of whatever it does."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self.kills += 1
        self._forget()

    def close(self) -> None:
        """Ends the browser in order, so that it writes everything it would write."""
        if self._browser is not None:
            with suppress(Error):
                self._browser.new_browser_cdp_session().send("Browser.close")
        if self._process is not None:
            try:
                self._process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._forget()

    def _forget(self) -> None:
        if self._browser is not None:
            with suppress(Error):
                self._browser.close()
        self._process = self._browser = None


@contextmanager
def phone(playwright: Playwright, profile: Path, port: int, through: int) -> Iterator[Phone]:
    """A phone that is switched off in the end, whatever happens."""
    made = Phone(playwright, profile, port, through)
    try:
        yield made
    finally:
        if made._process is not None and made._process.poll() is None:
            os.killpg(made._process.pid, signal.SIGKILL)
            made._process.wait()


def readable(profile: Path, words: Sequence[str]) -> list[str]:
    """Where one of these words is readable in a file of the profile: the file and the word."""
    wanted = {word.encode(encoding): word for word in words for encoding in ENCODINGS}
    found = []
    for file in sorted(path for path in profile.rglob("*") if path.is_file()):
        with suppress(OSError):
            data = file.read_bytes()
            hits = {word for pattern, word in wanted.items() if pattern in data}
            found += [f"{file.relative_to(profile)}: {word}" for word in sorted(hits)]
    return found
