"""The supervisor: it restarts terminated processes of one state folder until `down` stops it."""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from stack.files import write_atomically
from stack.processes import ProcessFailedError, StackError, print_stderr
from stack.recovery import Crashes
from stack.system import System

CHECK_SECONDS = 0.5


def check(system: System, crashes: Crashes) -> None:
    """Restarts terminated processes once; raises StackError when a process has failed too often in a row."""
    terminated = system.stopped_processes()
    if not terminated:
        return
    pause = max(crashes.count(child) for child in terminated)
    print_stderr(f"{', '.join(child.name for child in terminated)} terminated; restart in {pause:.1f} s.")
    time.sleep(pause)
    with system.locked():
        try:
            system.bring_up()
        except ProcessFailedError as failure:
            # The next check counts its failure.
            failure.child.kill()
            print_stderr(str(failure))


def main(words: Sequence[str]) -> int:
    """Supervises until SIGTERM; returns 1 when it gives up, and writes the reason to a file for `status`."""
    parser = argparse.ArgumentParser(prog="stack.supervisor", description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    system = System(parser.parse_args(words).state)
    # sys.exit() runs the finally clauses that stop jobs of this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    system.failure_file.unlink(missing_ok=True)
    crashes = Crashes()
    try:
        while True:
            check(system, crashes)
            time.sleep(CHECK_SECONDS)
    except (StackError, OSError) as error:
        print_stderr(str(error))
        write_atomically(system.failure_file, f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
