"""`python -m subsidies` starts the service; `replay …` replays history into a shadow; `seed-check FOLDER` checks seed files."""

import sys

from chassis.service import command_line
from subsidies.adapters.rule_files import read_rules
from subsidies.main import plan
from subsidies.settings import Settings

sys.exit(command_line("subsidies", plan, Settings, read_rules))
