"""`python -m intake` serves; `import FILE …` sends a CSV file of reports to the HTTP API; `seed-check FOLDER` checks seed files.

`replay …` replays history into a shadow.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.service import command_line
from intake.adapters.seed_files import read_registers
from intake.entrypoints.csv_import import run
from intake.entrypoints.csv_mapping import check_mappings
from intake.main import plan
from intake.settings import ImportSettings, Settings


def import_reports(words: Sequence[str]) -> int:
    """Import a CSV file with the secret that the settings name."""
    return run(words, ImportSettings().secret)


def read_seed(folder: Path) -> None:
    """Read the registers and check the mappings of the import against them."""
    check_mappings(folder, *read_registers(folder))


sys.exit(command_line("intake", plan, Settings, read_seed, {"import": import_reports}))
