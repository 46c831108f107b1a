"""`python -m subsidies` serves; `replay …` replays history into a shadow; `seed-check FOLDER` checks seed files."""

import sys

if sys.argv[1:2] == ["seed-check"]:
    from chassis.seed import check
    from subsidies.adapters.rule_files import read_rules

    sys.exit(check("subsidies", read_rules, sys.argv[2:]))

from subsidies.main import main, replay

if sys.argv[1:2] == ["replay"]:
    sys.exit(replay(sys.argv[2:]))

main()
