"""`python -m intake` starts the service; `import FILE …` imports a CSV list of reports, `places …` exports and
imports the table of places, `seed-check FOLDER` checks seed files.

`open311-key …` makes a key for another organisation's program, `replay …` replays past events into a shadow.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.service import command_line
from intake.adapters.category_files import read_category_texts
from intake.adapters.open311_file import read_open311
from intake.adapters.place_file import parse_places, read_places, replace_places, written
from intake.adapters.seed_files import read_registers
from intake.app.imports.mapping_file import check_mappings
from intake.entrypoints.cli import import_reports, open311_key
from intake.entrypoints.cli.places import PlaceFiles
from intake.main import plan
from intake.settings import ImportSettings, Settings

PLACES = PlaceFiles(read_places, parse_places, written, replace_places)


def run_import(arguments: Sequence[str]) -> int:
    """Import a list; the settings name the default secret and the collector of traces."""
    settings = ImportSettings()
    return import_reports.run(arguments, settings.secret, settings.otlp_endpoint)


def make_key(arguments: Sequence[str]) -> int:
    """Make a key for Open311; the settings name the default secret."""
    return open311_key.run(arguments, ImportSettings().secret)


def read_seed(folder: Path) -> None:
    """Check the registers, the texts of the categories, the import mappings, and the keys of Open311."""
    read_category_texts(folder)
    check_mappings(folder, *read_registers(folder))
    read_open311(folder)


VERBS = {"import": run_import, "places": PLACES.run, "open311-key": make_key}
if __name__ == "__main__":
    sys.exit(command_line("intake", plan, Settings, read_seed, VERBS))
