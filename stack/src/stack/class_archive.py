"""Creates the broker's class data sharing archive, which halves its start; `make setup` runs it once."""

import sys
import tempfile
from pathlib import Path

from stack.kafka import Kafka
from stack.processes import StackError, print_stderr
from stack.tools import Tools


def main() -> int:
    """Starts a broker in a temporary folder and records its classes."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            Kafka(Path(folder), Tools.find()).record_classes()
        except (StackError, OSError) as error:
            print_stderr(f"The broker's classes could not be recorded: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
