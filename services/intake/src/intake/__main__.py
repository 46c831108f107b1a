"""`python -m intake` serves; `python -m intake import FILE …` brings a list of reports in through the door."""

import sys

if sys.argv[1:2] == ["import"]:
    from intake.entrypoints.csv_import import run

    sys.exit(run(sys.argv[2:]))

from intake.main import main

main()
