"""`python -m notify` serves; `replay …` replays history into a shadow; `seed-check FOLDER` checks seed files."""

import sys

if sys.argv[1:2] == ["seed-check"]:
    from chassis.seed import check
    from notify.adapters.words_file import read_words

    sys.exit(check("notify", read_words, sys.argv[2:]))

from notify.main import main, replay

if sys.argv[1:2] == ["replay"]:
    sys.exit(replay(sys.argv[2:]))

main()
