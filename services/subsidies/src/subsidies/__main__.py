"""`python -m subsidies` serves; `python -m subsidies replay …` replays history into a shadow."""

import sys

from subsidies.main import main, replay

if sys.argv[1:2] == ["replay"]:
    sys.exit(replay(sys.argv[2:]))

main()
