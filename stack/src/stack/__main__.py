"""The command line of the local stack: a table of verbs, each a function that takes the remaining arguments."""

import errno
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from stack.processes import StackError, print_stderr


class Verb(NamedTuple):
    """The function of a verb as `module:name`, and its line of help."""

    target: str
    summary: str


FIXES = {
    errno.ENOSPC: "free some space on this disk and run again",
    errno.EDQUOT: "free some space within your quota and run again",
    errno.EROFS: "choose a writable folder (STATE=…)",
    errno.EACCES: "choose a folder that you own (STATE=…)",
    errno.EPERM: "choose a folder that you own (STATE=…)",
    errno.ENOTDIR: "choose a folder, not a file (STATE=…)",
    errno.EEXIST: "choose a folder, not a file (STATE=…)",
    errno.ENAMETOOLONG: "choose a shorter path (STATE=…)",
}
VERBS = {
    "up": Verb("stack.verbs:up", "start the processes that do not run"),
    "down": Verb("stack.verbs:down", "stop the processes that `up` started"),
    "status": Verb("stack.verbs:status", "list the processes and their addresses"),
    "demo": Verb("stack.demo:demo", "run one generated scenario and verify its result"),
    "replay": Verb("stack.verbs:replay", "replay a service's topics into a shadow database and compare"),
    "backup": Verb("stack.backups:backup", "back up all databases while everything runs"),
    "verify": Verb("stack.backups:verify", "verify an archive against its manifest"),
    "restore": Verb(
        "stack.backups:restore", "restore an archive into empty databases and recreate the topics"
    ),
    "permissions": Verb(
        "stack.permission_tests:permissions", "test that the engines enforce the permissions table"
    ),
    "denials": Verb("stack.permission_tests:permissions", "alias of `permissions`"),
    "subscriber": Verb(
        "stack.onboarding:subscriber", "create a user with its rights and settings for another team"
    ),
    "subscribers": Verb(
        "stack.subscribers:subscribers", "test the subscribers of other languages on a live system"
    ),
}


def main(words: Sequence[str]) -> int:
    """Runs one verb and returns its exit code: 1 for a StackError, which is printed as one sentence."""
    if not words or words[0] not in VERBS:
        for name, verb in VERBS.items():
            print_stderr(f"  {name:<12} {verb.summary}")
        return 2
    module, _, function = VERBS[words[0]].target.partition(":")
    run: Callable[[Sequence[str]], int] = getattr(importlib.import_module(module), function)
    try:
        return run(words[1:])
    except StackError as error:
        print_stderr(f"{words[0]}: {error}")
        return 1
    except OSError as error:
        return explain(words[0], error)
    except KeyboardInterrupt:
        print_stderr(f"{words[0]}: interrupted; `make down` stops what was started.")
        return 130


def explain(verb: str, error: OSError) -> int:
    """Prints a file system error with its fix and returns exit code 1; raises any other error again."""
    if error.errno not in FIXES:
        raise error
    print_stderr(f"{verb}: {error.filename or 'a file'}: {error.strerror}: {FIXES[error.errno]}.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
