"""`python -m routing` serves; `replay …` replays history into a shadow; `seed-check FOLDER` checks seed files."""

import sys

from chassis.service import command_line
from routing.adapters.register_files import read_register
from routing.main import plan
from routing.settings import Settings

sys.exit(command_line("routing", plan, Settings, read_register))
