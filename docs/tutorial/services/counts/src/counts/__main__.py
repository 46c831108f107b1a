"""`python -m counts` serves."""

import sys

from chassis.service import command_line
from counts.main import Settings, plan

sys.exit(command_line("counts", plan, Settings, list))
