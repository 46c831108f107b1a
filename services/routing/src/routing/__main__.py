"""`python -m routing` serves; `replay …` replays history into a shadow; `seed-check FOLDER` checks seed files."""

import sys

if sys.argv[1:2] == ["seed-check"]:
    from chassis.seed import check
    from routing.adapters.register_files import read_register

    sys.exit(check("routing", read_register, sys.argv[2:]))

from routing.main import main, replay

if sys.argv[1:2] == ["replay"]:
    sys.exit(replay(sys.argv[2:]))

main()
