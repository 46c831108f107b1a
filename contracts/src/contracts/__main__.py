"""The command line of the contracts; it needs only this package and pydantic."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contracts import baselines, gate, generation
from contracts.compatibility import compare
from contracts.event_map import drafts
from contracts.render import json_text
from contracts.samples import HOME
from contracts.schemas import consumer, draft_07, headers, producer
from contracts.topics import BY_NAME, BY_TYPE, TOPICS
from contracts.validation import record_problems, value_problems


def main(words: Sequence[str]) -> int:
    """Run one command; returns 0 without findings, 1 with findings, 2 for an invalid command or file."""
    args = _parser().parse_args(words)
    try:
        return int(args.run(args))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"contracts: {error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m contracts", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    show = commands.add_parser("show", help="list topics and types; with a name, print its schema")
    show.add_argument("name", nargs="?", help="a type, a topic or `headers`")
    show.add_argument(
        "--producer", action="store_true", help="the producer view, which allows no unknown field"
    )
    show.add_argument("--draft-07", action="store_true", dest="draft_07", help="in JSON Schema draft-07")
    show.set_defaults(run=_show)
    validate = commands.add_parser("validate", help="validate a value or a record")
    validate.add_argument("file", help="a JSON file; - for standard input")
    validate.add_argument("--type", help="the type of the value; without it the file contains a record")
    validate.add_argument("--producer", action="store_true", help="refuse unknown fields")
    validate.set_defaults(run=_validate)
    diff = commands.add_parser("diff", help="compare two schemas, or a type with all its baselines")
    diff.add_argument("before", help="a schema file, or a type")
    diff.add_argument("after", nargs="?", help="a schema file")
    diff.set_defaults(run=_diff)
    generate = commands.add_parser("generate", help="write all generated files")
    generate.add_argument("--check", action="store_true", help="write nothing; fail when a file is stale")
    generate.set_defaults(run=_generate)
    commands.add_parser("check", help="check everything that a merge requires").set_defaults(run=_check)
    commands.add_parser("release", help="freeze changed contracts as new revisions").set_defaults(
        run=_release
    )
    for command in commands.choices.values():
        command.add_argument("--home", type=Path, default=HOME, help=argparse.SUPPRESS)
    return parser


def _show(args: argparse.Namespace) -> int:
    if args.name is None:
        for topic in TOPICS:
            _print(f"{topic.name}  ({topic.classification}, key: {topic.key})")
            for event in topic.events:
                _print(f"  {event.type_tag:<28}{event.__doc__ or ''}")
        return 0
    if args.name in BY_NAME:
        sys.stdout.write(json_text(baselines.current(baselines.TABLE)[args.name]))
        return 0
    if args.name != "headers" and args.name not in BY_TYPE:
        raise ValueError(f"{args.name} is neither a type nor a topic: run `show` for a list")
    view = producer if args.producer else consumer
    schema = headers() if args.name == "headers" else view(BY_TYPE[args.name])
    sys.stdout.write(json_text(draft_07(schema) if args.draft_07 else schema))
    return 0


def _validate(args: argparse.Namespace) -> int:
    content = _json(args.file)
    if args.type:
        found = value_problems(args.type, content, as_producer=args.producer)
    else:
        records = content if isinstance(content, list) else [content]
        found = [one for record in records for one in record_problems(record, as_producer=args.producer)]
    return _report(found, "valid")


def _diff(args: argparse.Namespace) -> int:
    if args.after is not None:
        found = compare(_json(args.before), _json(args.after))
        for one in found:
            _print(str(one))
        return int(any(not one.allowed for one in found))
    revisions = baselines.read(args.home).get(args.before)
    if not revisions:
        raise ValueError(f"{args.before} has no baseline: name a published type or two schema files")
    differences = [
        (revision, one)
        for revision in revisions
        for one in baselines.findings(args.before, revision.content, baselines.current(args.before))
    ]
    for revision, one in differences:
        _print(f"since revision {revision.revision}: {one}")
    return int(any(not one.allowed for _, one in differences))


def _generate(args: argparse.Namespace) -> int:
    if args.check:
        return _report(generation.stale(args.home), "all generated files are current")
    for name in generation.write(args.home):
        _print(f"wrote {name}")
    return 0


def _check(args: argparse.Namespace) -> int:
    return _report(gate.problems(args.home), f"contracts: {len(BY_TYPE)} events are compatible and complete")


def _release(args: argparse.Namespace) -> int:
    broken = baselines.problems(args.home)
    forbidden = [one for one in broken if "python -m contracts release" not in one]
    if forbidden and baselines.read(args.home):
        return _report(forbidden, "")
    for name in baselines.release(args.home, drafts(args.home.parent)):
        _print(f"froze {name}")
    for name in generation.write(args.home):
        _print(f"wrote {name}")
    return 0


def _report(found: Sequence[str], fine: str) -> int:
    for one in found:
        sys.stderr.write(f"{one}\n")
    if not found:
        _print(fine)
    return int(bool(found))


def _json(name: str) -> Any:
    text = sys.stdin.read() if name == "-" else Path(name).read_text()
    return json.loads(text)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
