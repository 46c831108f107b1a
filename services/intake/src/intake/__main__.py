"""`python -m intake` serves; `import FILE …` brings a list of reports in through the door; `seed-check FOLDER` checks seed files.

`replay …` replays history into a shadow.
"""

import sys

if sys.argv[1:2] == ["import"]:
    from intake.entrypoints.csv_import import run
    from intake.settings import ImportSettings

    sys.exit(run(sys.argv[2:], ImportSettings().secret))

if sys.argv[1:2] == ["seed-check"]:
    from chassis.seed import check
    from intake.adapters.seed_files import read_registers
    from intake.entrypoints.csv_mapping import check_mappings

    sys.exit(check("intake", lambda folder: check_mappings(folder, *read_registers(folder)), sys.argv[2:]))

from intake.main import main, replay

if sys.argv[1:2] == ["replay"]:
    sys.exit(replay(sys.argv[2:]))

main()
