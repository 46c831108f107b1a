"""Starts again the processes of one state folder that end, until `down` ends it first."""

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

LOOK_SECONDS = 0.5


def look(system: System, crashes: Crashes) -> None:
    """Starts again what does not run; raises StackError when a process failed too often in a row."""
    ended = system.stopped_processes()
    if not ended:
        return
    pause = max(crashes.count(child) for child in ended)
    print_stderr(f"{', '.join(child.name for child in ended)} ended: started again in {pause:.1f} s.")
    time.sleep(pause)
    with system.locked():
        try:
            system.bring_up()
        except ProcessFailedError as failure:
            # It is over now, and counted at the next look.
            failure.child.kill()
            print_stderr(str(failure))


def main(words: Sequence[str]) -> int:
    """Supervises until it is asked to end; exit code 1 when it gives up, and says why in a file for `status`."""
    parser = argparse.ArgumentParser(prog="stack.supervisor", description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    system = System(parser.parse_args(words).state)
    # An orderly end: what this process runs beside the engines is ended with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    system.failure_file.unlink(missing_ok=True)
    crashes = Crashes()
    try:
        while True:
            look(system, crashes)
            time.sleep(LOOK_SECONDS)
    except (StackError, OSError) as error:
        print_stderr(str(error))
        write_atomically(system.failure_file, f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
