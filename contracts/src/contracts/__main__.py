"""The command line of the contracts; needs nothing but this package and pydantic."""

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
    """Run one verb; 0 when all is well, 1 when something is found, 2 when the question cannot be understood."""
    asked = _parser().parse_args(words)
    try:
        return int(asked.run(asked))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"contracts: {error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m contracts", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="verb")
    show = verbs.add_parser("show", help="topics and types; with a name, the schema of one")
    show.add_argument("name", nargs="?", help="a type, a topic or `headers`")
    show.add_argument("--producer", action="store_true", help="the closed view")
    show.add_argument("--draft-07", action="store_true", dest="draft_07", help="in the older dialect")
    show.set_defaults(run=_show)
    validate = verbs.add_parser("validate", help="hold a value or a record against the contract")
    validate.add_argument("file", help="JSON; - for standard input")
    validate.add_argument("--type", help="the type of a value; without it the file is a record")
    validate.add_argument(
        "--producer", action="store_true", help="refuse fields that the contract does not have"
    )
    validate.set_defaults(run=_validate)
    diff = verbs.add_parser("diff", help="compare two schemas, or a type with every baseline")
    diff.add_argument("before", help="a schema file, or a type")
    diff.add_argument("after", nargs="?", help="a schema file")
    diff.set_defaults(run=_diff)
    generate = verbs.add_parser("generate", help="write everything that is made from the registry")
    generate.add_argument(
        "--check", action="store_true", help="write nothing and fail when something is stale"
    )
    generate.set_defaults(run=_generate)
    verbs.add_parser("check", help="all that must hold before a change is merged").set_defaults(run=_check)
    verbs.add_parser("release", help="freeze what changed as a new revision").set_defaults(run=_release)
    for verb in verbs.choices.values():
        verb.add_argument("--home", type=Path, default=HOME, help=argparse.SUPPRESS)
    return parser


def _show(asked: argparse.Namespace) -> int:
    if asked.name is None:
        for topic in TOPICS:
            _say(f"{topic.name}  ({topic.classification}, key: {topic.key})")
            for event in topic.events:
                _say(f"  {event.type_tag:<28}{event.__doc__ or ''}")
        return 0
    if asked.name in BY_NAME:
        sys.stdout.write(json_text(baselines.current(baselines.TABLE)[asked.name]))
        return 0
    if asked.name != "headers" and asked.name not in BY_TYPE:
        raise ValueError(f"{asked.name} is neither a type nor a topic: `show` lists them")
    view = producer if asked.producer else consumer
    schema = headers() if asked.name == "headers" else view(BY_TYPE[asked.name])
    sys.stdout.write(json_text(draft_07(schema) if asked.draft_07 else schema))
    return 0


def _validate(asked: argparse.Namespace) -> int:
    content = _json(asked.file)
    if asked.type:
        found = value_problems(asked.type, content, as_producer=asked.producer)
    else:
        records = content if isinstance(content, list) else [content]
        found = [one for record in records for one in record_problems(record, as_producer=asked.producer)]
    return _report(found, "valid")


def _diff(asked: argparse.Namespace) -> int:
    if asked.after is not None:
        found = compare(_json(asked.before), _json(asked.after))
        for one in found:
            _say(str(one))
        return int(any(not one.allowed for one in found))
    revisions = baselines.read(asked.home).get(asked.before)
    if not revisions:
        raise ValueError(
            f"{asked.before} has no baseline: name a type that was published, or two schema files"
        )
    differences = [
        (revision, one)
        for revision in revisions
        for one in baselines.findings(asked.before, revision.content, baselines.current(asked.before))
    ]
    for revision, one in differences:
        _say(f"since revision {revision.revision}: {one}")
    return int(any(not one.allowed for _, one in differences))


def _generate(asked: argparse.Namespace) -> int:
    if asked.check:
        return _report(generation.stale(asked.home), "everything generated is fresh")
    for name in generation.write(asked.home):
        _say(f"wrote {name}")
    return 0


def _check(asked: argparse.Namespace) -> int:
    return _report(gate.problems(asked.home), f"contracts: {len(BY_TYPE)} events keep their promises")


def _release(asked: argparse.Namespace) -> int:
    broken = baselines.problems(asked.home)
    forbidden = [one for one in broken if "python -m contracts release" not in one]
    if forbidden and baselines.read(asked.home):
        return _report(forbidden, "")
    for name in baselines.release(asked.home, drafts(asked.home.parent)):
        _say(f"froze {name}")
    for name in generation.write(asked.home):
        _say(f"wrote {name}")
    return 0


def _report(found: Sequence[str], fine: str) -> int:
    for one in found:
        sys.stderr.write(f"{one}\n")
    if not found:
        _say(fine)
    return int(bool(found))


def _json(name: str) -> Any:
    text = sys.stdin.read() if name == "-" else Path(name).read_text()
    return json.loads(text)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
