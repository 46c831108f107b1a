"""`make journeys`: walks every role's work in a browser on a running system, and checks every page on the way."""

import argparse
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.journeys import errors, field, full_phone, keyboard, lighthouse, officer, operations, staff, tenant
from tests.journeys.browser import chromium
from tests.journeys.registry import JOURNEYS, Journey
from tests.journeys.system import journey_system
from tests.journeys.walk import World

from stack.processes import StackError, print_stderr
from stack.system import System
from stack.tools import REPOSITORY
from webkit.i18n.catalogues import catalogue_state
from webkit.i18n.extraction import distributions, in_use

FAILURES = REPOSITORY / ".state" / "journeys-failed"
# The modules whose functions are the journeys, in the order in which they are walked.
WALKED = (errors, tenant, keyboard, staff, field, full_phone, officer, operations)


def main(words: Sequence[str]) -> int:
    """Walks the journeys and prints what failed; returns 1 for a failure or a finding."""
    parser = argparse.ArgumentParser(prog="tests.journeys", description=__doc__)
    parser.add_argument("--state", type=Path, help="walk on the system that runs in this folder")
    parser.add_argument(
        "--only", default="", help="journeys with one of these words, by commas, in who or name"
    )
    parser.add_argument("--no-lighthouse", action="store_true")
    args = parser.parse_args(words)
    wanted = [one for one in JOURNEYS if _is_wanted(one, args.only)]
    with journey_system(args.state) as system, chromium() as browser:
        world = World(browser, system.public_url, system.issuer_url, system.mails, system)
        measuring = None if args.no_lighthouse or args.only else _measuring(system)
        failed = [one.name for one in wanted if not _walk(one, world)]
        unmet = [*measuring.unmet()] if measuring else []
    for finding in world.record.findings:
        print(f"finding: {finding.page}: {finding.rule}: {finding.where}")
    for sentence in unmet:
        print(f"lighthouse: {sentence}")
    languages = complete_languages()
    passed, pages, findings = len(wanted) - len(failed), len(world.record.pages), len(world.record.findings)
    print(
        f"journeys: {passed} passed, {pages} pages, {findings} axe findings, {len(languages)} languages complete"
    )
    return 1 if failed or findings or unmet else 0


def _is_wanted(one: Journey, only: str) -> bool:
    words = [word for word in only.split(",") if word]
    return not words or any(word in f"{one.who} {one.name}" for word in words)


def _walk(one: Journey, world: World) -> bool:
    """Walks one journey and says how it ended; the last page of a failed one is kept as a picture."""
    began = time.monotonic()
    try:
        one.run(world)
    except Exception as error:  # noqa: BLE001 - a broken journey does not keep the others from being walked
        FAILURES.mkdir(parents=True, exist_ok=True)
        for context in world.browser.contexts:
            for page in context.pages:
                page.screenshot(path=FAILURES / f"{one.run.__name__}.png", full_page=True)
        print(f"FAILED {time.monotonic() - began:5.1f} s  {one.who}: {one.name}", flush=True)
        steps = [step for step in traceback.extract_tb(error.__traceback__) if "journeys" in step.filename]
        where = [f"{Path(step.filename).name}:{step.lineno}: {step.line}" for step in steps[1:]]
        print_stderr("\n".join([*where, str(error).partition("Call log:")[0]]))
        return False
    finally:
        for context in world.browser.contexts:
            context.close()
    print(f"ok     {time.monotonic() - began:5.1f} s  {one.who}: {one.name}", flush=True)
    return True


def _measuring(system: System) -> lighthouse.Measuring | None:
    if lighthouse.node() is None or not lighthouse.CLI.exists():
        print("lighthouse: skipped, because Node.js or the npm packages are missing: run `make setup`")
        return None
    return lighthouse.Measuring(system.public_url)


def complete_languages() -> list[str]:
    """The languages in which tenants can read everything: every public catalogue has every text."""
    states = [
        catalogue_state(one.locales, language, domain)
        for one in distributions(REPOSITORY)
        for domain in in_use(one)
        if domain == "public"
        for language in one.languages(domain)
    ]
    missing = {state.language for state in states if not state.complete}
    return sorted({state.language for state in states} - missing)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StackError as error:
        print_stderr(f"journeys: {error}")
        sys.exit(1)
