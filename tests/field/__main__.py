"""`make field-test`: an operator's phone on a bad network against a running system, and the account of what arrived."""

import argparse
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright
from tests.field.account import Finding, Kind, last_line
from tests.field.app import App
from tests.field.campaign import Campaign
from tests.field.network import UNKNOWN_TO_THE_PHONE, Network, Weather
from tests.field.network_thread import NetworkThread
from tests.field.phone import phone
from tests.field.plan import make_plan
from tests.field.tampering import EDITION, SENT_ONCE, AppUpdates, EarlyAnswers, ForgottenIds

from stack.ports import free_port
from stack.processes import StackError, print_stderr
from stack.system import System
from stack.tools import REPOSITORY

OWN_STATE = REPOSITORY / ".state" / "field"
EVERY_SECONDS = 10.0
# A protection that is taken away, and what the account must find then.
CONTROLS = {"forgotten-ids": (ForgottenIds, Kind.DOUBLE), "early-answers": (EarlyAnswers, Kind.LOST)}


@contextmanager
def field_system(state: Path | None) -> Iterator[System]:
    """A system with nothing in it that ends with the campaign; with a folder, the one that runs there."""
    system = System(state or OWN_STATE)
    if state is None:
        system.stop()
        shutil.rmtree(OWN_STATE, ignore_errors=True)
    try:
        system.start()
        yield system
    finally:
        if state is None:
            system.stop()


@dataclass
class Teller:
    """Says what happens on standard error; how far it is, at most every ten seconds."""

    began: float = field(default_factory=time.monotonic)
    _last: float = 0.0

    def __call__(self, sentence: str) -> None:
        """Says it."""
        now = time.monotonic()
        if sentence.startswith(("on the phone", "taken down")) and now - self._last < EVERY_SECONDS:
            return
        self._last = now
        print_stderr(f"field: {now - self.began:5.0f} s  {sentence}")


def main(words: Sequence[str]) -> int:
    """Runs a campaign and prints its result; 1 for a finding, or for a control without the one it must have."""
    args = _parse(words)
    plan = make_plan(args.reports, args.photos, args.kills, args.seed)
    updates = CONTROLS[args.control][0]() if args.control else AppUpdates()
    weather = Weather(args.loss, up_seconds=(3.0, 9.0), unanswered_once=SENT_ONCE if args.loss else ())
    with field_system(args.state) as system:
        port = int(urlsplit(system.public_url).port or 80)
        network = NetworkThread(Network(free_port(), port, args.seed, tampering=updates))
        profile = system.root / "phone" / str(time.time_ns())
        with (
            network.listening(),
            sync_playwright() as playwright,
            phone(playwright, profile, port, network.network.port) as one,
        ):
            campaign = Campaign(
                system, App(one, system.public_url), network, updates, weather, plan, Teller()
            )
            _run(campaign)
        findings = campaign.settle()
    _tell(campaign, findings)
    unproven = [*_unproven(campaign)] if args.loss and args.kills else []
    print(last_line(plan.typed, one.kills, findings), flush=True)
    if args.control:
        return 0 if CONTROLS[args.control][1] in {finding.kind for finding in findings} else 1
    for sentence in unproven:
        print_stderr(f"field: nothing is proven: {sentence}")
    return 1 if findings or unproven else 0


def _run(campaign: Campaign) -> None:
    used = campaign.app.phone
    used.start()
    try:
        campaign.run()
    except AssertionError:
        used.page.screenshot(path=campaign.system.root / "stuck.png", full_page=True)
        raise


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.field", description=__doc__)
    parser.add_argument("--reports", type=int, default=200)
    parser.add_argument("--photos", type=int, default=400)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument(
        "--loss", type=float, default=0.3, help="the share of requests that the network loses"
    )
    parser.add_argument("--state", type=Path, help="use the system that runs in this folder")
    parser.add_argument(
        "--control", choices=CONTROLS, help="take a protection away: the account must find it"
    )
    return parser.parse_args(words)


def _tell(campaign: Campaign, findings: Sequence[Finding]) -> None:
    network = campaign.network.network
    print(f"network: {network.lost_share:.0%} of {len(network.log)} requests lost")
    for fate, count in sorted(network.counts.items()):
        print(f"  {count:5} {fate}")
    print(f"records in the outbox at the kills: {', '.join(map(str, campaign.queued_at_kills)) or 'no kill'}")
    print(f"reports typed again after a kill while they were saved: {campaign.typed_again}")
    print(f"editions of the app on the phone at the end: {', '.join(campaign.editions)}")
    for finding in findings:
        print(f"{finding.kind}: {finding.what}")


def _unproven(campaign: Campaign) -> Iterator[str]:
    """What this run cannot say anything about, because it did not happen."""
    unknown = Counter(
        "photo" if "/photos/" in seen.path else "report"
        for seen in campaign.network.network.log
        if seen.method == "PUT" and seen.fate in UNKNOWN_TO_THE_PHONE
    )
    for what in ("report", "photo"):
        if not unknown[what]:
            yield f"no answer about a {what} was lost after the {what} had arrived"
    if not any(EDITION in name for name in campaign.editions):
        yield "no update of the app took over"
    if not any(campaign.queued_at_kills):
        yield "the outbox was empty at every kill"


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (AssertionError, StackError, ValueError) as error:
        print_stderr(f"field: {error}")
        sys.exit(1)
