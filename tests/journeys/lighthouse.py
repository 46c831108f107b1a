"""Lighthouse on the public pages, as a phone sees them: accessibility, best practices, performance, and weight."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.journeys.browser import FLAGS, program
from tests.journeys.walk import HERE

from stack.tools import REPOSITORY

PUBLIC = ("/", "/segnala", "/stato")
LEAST = {"accessibility": 100, "best-practices": 100, "performance": 90}
MOST_BYTES = 100 * 1024
CLI = HERE / "node_modules" / "lighthouse" / "cli" / "index.js"
SECONDS = 120.0
# A machine that is busy with something else measures the page worse than it is, never better.
ATTEMPTS = 3


def node() -> str | None:
    """The path of Node.js: the one that `make setup` installs, or this machine's."""
    own = sorted((REPOSITORY / ".state" / "tools").glob("node-*/bin/node"))
    return str(own[-1]) if own else shutil.which("node")


def unmet(url: str, path: str) -> Iterator[str]:
    """What a page does not reach, one sentence each."""
    best: dict[str, int] = {}
    weight = 0
    for _ in range(ATTEMPTS):
        scores, weight = _measure(url + path)
        best = {name: max(score, best.get(name, 0)) for name, score in scores.items()}
        if all(best[name] >= least for name, least in LEAST.items()):
            break
    for name, least in LEAST.items():
        if best[name] < least:
            yield f"{path}: {name} {best[name]}, at least {least} are needed"
    if weight > MOST_BYTES:
        yield f"{path}: {weight / 1024:.0f} kB in all, at most {MOST_BYTES / 1024:.0f} are allowed"


def _measure(address: str) -> tuple[Mapping[str, int], int]:
    """The scores of one run and the bytes of the page with everything it loads."""
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
    return scores, int(report["audits"].get("total-byte-weight", {}).get("numericValue", 0))
