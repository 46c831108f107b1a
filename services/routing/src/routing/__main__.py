"""`python -m routing` serves; `python -m routing replay …` replays history into a shadow."""

import sys

from routing.main import main, replay

if sys.argv[1:2] == ["replay"]:
    sys.exit(replay(sys.argv[2:]))

main()
