"""The command line of the local stack: one table of verbs, each a function that takes the words after it."""

import errno
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from stack.processes import StackError, say


class Verb(NamedTuple):
    """Where a verb's function is, and what it does in a few words."""

    target: str
    promise: str


FIXES = {
    errno.ENOSPC: "make room on this disk and run again",
    errno.EDQUOT: "make room within your quota and run again",
    errno.EROFS: "choose a folder that can be written to (STATE=…)",
    errno.EACCES: "choose a folder that is yours (STATE=…)",
    errno.EPERM: "choose a folder that is yours (STATE=…)",
    errno.ENOTDIR: "choose a folder, not a file (STATE=…)",
    errno.EEXIST: "choose a folder, not a file (STATE=…)",
    errno.ENAMETOOLONG: "choose a shorter path (STATE=…)",
}
VERBS = {
    "up": Verb("stack.verbs:up", "start what does not run yet"),
    "down": Verb("stack.verbs:down", "stop exactly what was started"),
    "status": Verb("stack.verbs:status", "say what runs and where"),
    "demo": Verb("stack.demo:demo", "play one generated day and draw the account of it"),
    "replay": Verb("stack.verbs:replay", "replay history of one service into a shadow and compare"),
    "backup": Verb("stack.backups:backup", "write an archive of all databases, while everything runs"),
    "verify": Verb("stack.backups:verify", "read all of an archive and hold it against its manifest"),
    "restore": Verb(
        "stack.backups:restore", "write an archive into empty databases, and make the topics anew"
    ),
    "denials": Verb("stack.denials:denials", "try everything that nobody may do; the servers must say no"),
    "subscriber": Verb(
        "stack.onboarding:subscriber", "give another team a user, its rights and its settings"
    ),
    "subscribers": Verb("stack.subscribers:subscribers", "let programs of other teams hear a live system"),
}


def main(words: Sequence[str]) -> int:
    """Runs one verb; a refusal is one sentence and exit code 1."""
    if not words or words[0] not in VERBS:
        for name, verb in VERBS.items():
            say(f"  {name:<12} {verb.promise}")
        return 2
    module, _, function = VERBS[words[0]].target.partition(":")
    run: Callable[[Sequence[str]], int] = getattr(importlib.import_module(module), function)
    try:
        return run(words[1:])
    except StackError as error:
        say(f"{words[0]}: {error}")
        return 1
    except OSError as error:
        return explain(words[0], error)
    except KeyboardInterrupt:
        say(f"{words[0]}: interrupted; `make down` stops what was started.")
        return 130


def explain(verb: str, error: OSError) -> int:
    """Says what a disk refused and what fixes it, and answers exit code 1; raises any other error again."""
    if error.errno not in FIXES:
        raise error
    say(f"{verb}: {error.filename or 'a file'}: {error.strerror}: {FIXES[error.errno]}.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
