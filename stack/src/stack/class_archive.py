"""Run once by setup: lets every later start of the broker take half the time."""

import sys
import tempfile
from pathlib import Path

from stack.kafka import Kafka
from stack.processes import StackError, print_stderr
from stack.tools import Tools


def main() -> int:
    """Records the broker's classes in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            Kafka(Path(folder), Tools.find()).record_classes()
        except (StackError, OSError) as error:
            print_stderr(f"The broker's classes could not be recorded: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
