"""The verification of a deployment test: client logs, caught mails, and the account built beside the engines."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from tests.compose.commands import ROOT, StepError, run
from tests.compose.deployment import FIRST, PROJECT, Deployment

from stack.play import Log

IDLE_SECONDS = 60.0
MOST_SHOWN = 20
PAGE = 1000
DOUBLED = "doubled mail: "


@dataclass(frozen=True)
class Summary:
    """The counts of an account; `violations` are report and text, without doubled mails, which a crash may cause."""

    accepted: int = 0
    unaccounted: int = 0
    cases: int = 0
    decisions: int = 0
    messages: int = 0
    mails: int = 0
    copies: int = 0
    doubled: int = 0
    violations: list[tuple[str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        """The counts in one line, followed by the violations."""
        numbers = (
            f"{self.accepted} accepted, {self.cases} cases, {self.decisions} decisions, {self.mails} mails, "
            f"{self.doubled} doubled, {self.copies} copies, {self.unaccounted} unaccounted"
        )
        wrong = [f"  {report_id or 'all'}: {text}" for report_id, text in self.violations[:MOST_SHOWN]]
        return "\n".join([numbers, *wrong])


def summary_of(found: dict[str, Any]) -> Summary:
    """Separates doubled mails, which are allowed after a crash, from violations."""
    texts = [(str(report_id), str(text)) for report_id, text in found.pop("violations")]
    wrong = [one for one in texts if not one[1].startswith(DOUBLED)]
    unaccounted = len({report_id for report_id, _ in wrong} - {""})
    return Summary(**found, unaccounted=unaccounted, doubled=len(texts) - len(wrong), violations=wrong)


@dataclass
class Verification:
    """Everything that is known of one trial from outside."""

    deployment: Deployment
    since: float = field(default_factory=time.time)
    logs: list[Path] = field(default_factory=list)
    _kept: set[str] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        """The folder of logs and mails."""
        return self.deployment.folder / "verification"

    @contextmanager
    def another_log(self) -> Iterator[Log]:
        """Creates another client log, which the account includes."""
        path = self.folder / f"client-{len(self.logs) + 1}.jsonl"
        log = Log(path)
        self.logs.append(path)
        try:
            yield log
        finally:
            log.close()

    def forget_last(self) -> None:
        """Excludes the last log from further accounts."""
        self.logs.pop()

    @property
    def mails(self) -> Path:
        """The folder of collected mails, in the format of the account."""
        return self.folder / "mails"

    def collect_mails(self) -> None:
        """Stores the new mails of the mailbox, which loses them when it stops."""
        self.mails.mkdir(parents=True, exist_ok=True)
        with httpx.Client(base_url=self.deployment.mailbox, timeout=15) as client:
            start = 0
            while True:
                asked = {"start": start, "limit": PAGE}
                page = client.get("/api/v1/messages", params=asked).raise_for_status().json()
                for row in page["messages"]:
                    self._keep(client, row["ID"], row["Created"])
                start += len(page["messages"])
                if not page["messages"] or start >= page["total"]:
                    return

    def _keep(self, client: httpx.Client, name: str, created: str) -> None:
        if name in self._kept:
            return
        raw = client.get(f"/api/v1/message/{name}/raw").raise_for_status().content
        stamp = round(datetime.fromisoformat(created).timestamp() * 1e9)
        (self.mails / f"{stamp}-{name}.eml").write_bytes(raw)
        self._kept.add(name)

    def wait_until_done(self) -> None:
        """Waits until no work is outstanding; raises StepError after IDLE_SECONDS without progress."""
        left = json.loads(self._run_account("--wait", str(IDLE_SECONDS)))["unfinished"]
        if left:
            raise StepError(f"{left} items are outstanding without progress for {IDLE_SECONDS:.0f} s")

    def verify(self) -> Summary:
        """Waits until no work is outstanding and builds the account of everything so far."""
        self.wait_until_done()
        self.collect_mails()
        found = json.loads(self._run_account())
        return summary_of(found)

    def _run_account(self, *words: str) -> str:
        """Runs the account in the image of the one-shot jobs, which has the drivers, on the internal network."""
        mounts = {
            ROOT / "stack" / "src": "/srv/code",
            ROOT / "tests" / "compose" / "account_in_container.py": "/srv/account.py",
            self.deployment.secrets: "/run/secrets",
            self.folder: "/srv/verification",
        }
        options = [word for here, there in mounts.items() for word in ("--volume", f"{here}:{there}:ro")]
        return run(
            [
                *("docker", "run", "--rm", "--network", f"{PROJECT}_inside", "--user", "0:0"),
                *("--env", "PYTHONPATH=/srv/code", *options, f"ascolto/provision:{FIRST}"),
                *("python", "/srv/account.py", *self._engines(), "--mails", "/srv/verification/mails"),
                *("--since", str(self.since), *words),
                *("--logs", *(f"/srv/verification/{path.name}" for path in self.logs)),
            ]
        )

    def _engines(self) -> list[str]:
        """The addresses of the engines and the CA, from the environment of the watcher."""
        environment = self.deployment.config["services"]["watcher"]["environment"]
        found = {"members": "MONGO_MEMBERS", "kafka": "KAFKA", "ca": "KAFKA_CA"}
        return [f"--{word}={environment.get(f'WATCHER_{name}', '')}" for word, name in found.items()]
