"""Maintains the catalogues of a checkout: `update`, `check`, `state`, `reviewed`."""

import argparse
import sys
from pathlib import Path

from webkit.i18n.catalogues import CatalogueState, catalogue_state
from webkit.i18n.extraction import BrokenTemplate, Distribution, distributions, in_use
from webkit.i18n.maintenance import mark_reviewed, update
from webkit.i18n.rules import faults, references
from webkit.i18n.template_rules import template_faults


def main(arguments: list[str] | None = None) -> int:
    """Run a command in the checkout of the current directory; 0 when nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m webkit.i18n", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update", help="write every catalogue anew from templates and Italian labels")
    check = commands.add_parser("check", help="name everything that is wrong with catalogues and templates")
    check.add_argument(
        "--unfinished", action="store_true", help="texts may be missing, and templates not yet translated"
    )
    commands.add_parser("state", help="show how complete each language is, and who reviewed it")
    reviewed = commands.add_parser("reviewed", help="write into a catalogue who reviewed its texts")
    reviewed.add_argument("file", type=Path)
    reviewed.add_argument("by", help='name and date: "Nome Cognome, 2026-12-01"')
    given = parser.parse_args(arguments)
    if given.command == "reviewed":
        mark_reviewed(given.file, given.file.parents[1].name, given.by)
        return 0
    found = distributions(Path.cwd())
    try:
        return _run(found, given)
    except BrokenTemplate as error:
        _print(f"{error}".removeprefix(f"{Path.cwd()}/"))
        return 1


def _run(found: list[Distribution], given: argparse.Namespace) -> int:
    if given.command == "check":
        return _check(found, given.unfinished)
    return _update(found) if given.command == "update" else _state(found)


def _update(found: list[Distribution]) -> int:
    for distribution in found:
        for file in update(distribution):
            _print(f"written: {file.relative_to(Path.cwd())}")
    return _state(found)


def _check(found: list[Distribution], unfinished: bool) -> int:
    wrong = [fault for one in found for fault in faults(one, unfinished)]
    if not unfinished:
        wrong += [fault for one in found for fault in template_faults(one, kit=found[0])]
    for fault in wrong:
        _print(fault.removeprefix(f"{Path.cwd()}/"))
    texts = sum(len(references(one, domain)) for one in found for domain in in_use(one))
    _print(f"texts: {texts} messages, {len(wrong)} faults")
    return 1 if wrong else 0


def _states(found: list[Distribution]) -> list[CatalogueState]:
    return [
        catalogue_state(one.locales, language, domain)
        for one in found
        for domain in in_use(one)
        for language in one.languages(domain)
    ]


def _state(found: list[Distribution]) -> int:
    for state in _states(found):
        review = f"reviewed by {state.reviewed_by}" if state.reviewed_by else "reviewed by nobody"
        changed = ", texts changed since" if state.changed_since else ""
        where = f"{state.distribution}/{state.domain}"
        _print(f"{where:18} {state.language}  {state.translated:4} of {state.messages:4}  {review}{changed}")
    return 0


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
