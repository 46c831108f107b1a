"""Lighthouse on the public pages, as a phone sees them: accessibility, best practices, performance, and weight."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from tests.journeys.browser import FLAGS, program
from tests.journeys.walk import HERE

from stack.tools import REPOSITORY

PUBLIC = ("/", "/segnala", "/stato")
LEAST = {"accessibility": 100, "best-practices": 100, "performance": 90}
MOST_BYTES = 100 * 1024
CLI = HERE / "node_modules" / "lighthouse" / "cli" / "index.js"
SECONDS = 120.0
# A machine that is busy with something else measures the page worse than it is, never better: what the first attempt, beside
# the journeys, does not reach is measured again after them.
ATTEMPTS = 3


@dataclass(frozen=True)
class Measurement:
    """The scores of a page, and the bytes of the page with everything it loads."""

    scores: Mapping[str, int]
    weight: int

    def is_met(self) -> bool:
        """Whether every score is high enough."""
        return all(self.scores[name] >= least for name, least in LEAST.items())

    def best_of(self, other: "Measurement") -> "Measurement":
        """The better of two scores each."""
        return Measurement(
            {name: max(score, other.scores[name]) for name, score in self.scores.items()}, self.weight
        )


class Measuring:
    """Measures the public pages one after another, beside whatever else goes on."""

    def __init__(self, url: str) -> None:
        """Begins."""
        self._url, self._thread = url, ThreadPoolExecutor(1)
        self._first: dict[str, Future[Measurement]] = {
            path: self._thread.submit(measured, url + path) for path in PUBLIC
        }

    def unmet(self) -> Iterator[str]:
        """What the pages do not reach, one sentence each, once all are measured."""
        wait(self._first.values())
        for path, first in self._first.items():
            best = first.result()
            for _ in range(ATTEMPTS - 1):
                best = best if best.is_met() else best.best_of(measured(self._url + path))
            yield from _told(path, best)


def node() -> str | None:
    """The path of Node.js: the one that `make setup` installs, or this machine's."""
    own = sorted((REPOSITORY / ".state" / "tools").glob("node-*/bin/node"))
    return str(own[-1]) if own else shutil.which("node")


def _told(path: str, best: Measurement) -> Iterator[str]:
    for name, least in LEAST.items():
        if best.scores[name] < least:
            yield f"{path}: {name} {best.scores[name]}, at least {least} are needed"
    if best.weight > MOST_BYTES:
        yield f"{path}: {best.weight / 1024:.0f} kB in all, at most {MOST_BYTES / 1024:.0f} are allowed"


def measured(address: str) -> Measurement:
    """One run of Lighthouse on a page."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        flags = " ".join(["--headless=new", *FLAGS])
        options = ["--output=json", f"--output-path={file}", "--quiet", f"--chrome-flags={flags}"]
        command = [str(node()), str(CLI), address, *options, f"--only-categories={','.join(LEAST)}"]
        env = {"CHROME_PATH": program(), "PATH": "/usr/bin:/bin", "HOME": folder, "CI": "1"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=SECONDS)
        assert file.exists(), done.stderr[-2000:]
        report = json.loads(file.read_text())
    scores = {name: round(100 * (report["categories"][name]["score"] or 0)) for name in LEAST}
    weight = int(report["audits"].get("total-byte-weight", {}).get("numericValue", 0))
    return Measurement(scores, weight)
