"""`python -m intake` starts the service; `import FILE …` imports a CSV list of reports, `seed-check FOLDER` checks seed files.

`replay …` replays past events into a shadow.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.service import command_line
from intake.adapters.category_files import read_category_texts
from intake.adapters.seed_files import read_registers
from intake.app.imports.mapping_file import check_mappings
from intake.entrypoints.cli import import_reports
from intake.main import plan
from intake.settings import ImportSettings, Settings


def run_import(arguments: Sequence[str]) -> int:
    """Import a list; the settings name the default secret and the collector of traces."""
    settings = ImportSettings()
    return import_reports.run(arguments, settings.secret, settings.otlp_endpoint)


def read_seed(folder: Path) -> None:
    """Check the registers, the texts of the categories, and the import mappings."""
    read_category_texts(folder)
    check_mappings(folder, *read_registers(folder))


sys.exit(command_line("intake", plan, Settings, read_seed, {"import": run_import}))
