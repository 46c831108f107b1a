"""`python -m notify` serves; `python -m notify replay …` replays history into a shadow."""

import sys

from notify.main import main, replay

if sys.argv[1:2] == ["replay"]:
    sys.exit(replay(sys.argv[2:]))

main()
