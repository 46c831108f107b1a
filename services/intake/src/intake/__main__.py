"""`python -m intake` serves; `import FILE …` brings a list of reports in through the door; `replay …` replays history."""

import sys

if sys.argv[1:2] == ["import"]:
    from intake.entrypoints.csv_import import run

    sys.exit(run(sys.argv[2:]))

from intake.main import main, replay

if sys.argv[1:2] == ["replay"]:
    sys.exit(replay(sys.argv[2:]))

main()
