"""`python -m notify` serves; `replay …` replays history into a shadow; `seed-check FOLDER` checks seed files."""

import sys

from chassis.service import command_line
from notify.adapters.catalogue_file import read_catalogue
from notify.main import plan
from notify.settings import Settings

sys.exit(command_line("notify", plan, Settings, read_catalogue))
