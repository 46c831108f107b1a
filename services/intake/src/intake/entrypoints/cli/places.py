"""`python -m intake places`: export the places as a table for a spreadsheet, and import one into the seed folder."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from chassis.seed import SeedError
from intake.domain.place_tree import PlaceTree
from intake.domain.places import PlaceKind

ABOUT = """
The table has one place a line, with the columns id, kind, parent, code, label, asset, address, postal_code, lat, lon, aliases
(between vertical bars) and closed_on. Ids are for ever: a place that is no longer used gets a day in closed_on and stays.
What intake does with a new table it does at its next start; an import changes the file of the seed folder as a whole or not
at all.

Exit status:
  0  done; with --check, the table can be imported
  2  the table cannot be imported, and nothing was changed
"""
BYTE_ORDER_MARK = "\ufeff"  # a spreadsheet reads a table as UTF-8 only with it
Read = Callable[[Path], PlaceTree]
Parse = Callable[[Path, bytes], PlaceTree]
Replace = Callable[[Path, PlaceTree], None]
Render = Callable[[PlaceTree], str]


class PlaceFiles:
    """Exports and imports the table of places of a seed folder."""

    def __init__(self, read: Read, parse: Parse, render: Render, replace: Replace) -> None:
        self._read, self._parse, self._render, self._replace = read, parse, render, replace

    def run(self, arguments: Sequence[str]) -> int:
        """Do what the command line says and return the exit status."""
        options = _parser().parse_args(arguments)
        try:
            if options.verb == "export":
                return self._export(options.folder, options.to)
            return self._import(options)
        except SeedError as error:
            sys.stderr.write(f"{error}\n")
            return 2
        except OSError as error:
            sys.stderr.write(
                f"{error.filename}: {error.strerror}; name a file that can be read and written\n"
            )
            return 2

    def _export(self, folder: Path, to: Path | None) -> int:
        table = BYTE_ORDER_MARK + self._render(self._read(folder))
        if to is None:
            sys.stdout.buffer.write(table.encode())
        else:
            to.write_bytes(table.encode())
        return 0

    def _import(self, options: argparse.Namespace) -> int:
        new, old = self._parse(options.file, options.file.read_bytes()), self._read(options.folder)
        gone = [place for place in old.places if new.place(place.id) is None]
        if gone and not options.close_missing:
            names = ", ".join(place.id for place in gone[:10])
            sys.stderr.write(
                f"{options.file}: {len(gone)} places of {options.folder} are missing: {names}; add them, with a day in "
                "closed_on if they are not in use any more, or use --close-missing to close them at the next start\n"
            )
            return 2
        sys.stdout.write(f"{_compared(new, old)}; {len(gone)} will be closed\n")
        if not options.check:
            self._replace(options.folder, new)
        return 0


def _compared(new: PlaceTree, old: PlaceTree) -> str:
    added = sum(old.place(place.id) is None for place in new.places)
    changed = sum(old.place(place.id) not in (None, place) for place in new.places)
    flats = sum(place.kind is PlaceKind.FLAT for place in new.places)
    return f"{len(new.places)} places, {flats} of them flats: {added} are new, {changed} have changed"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m intake places",
        description=__doc__,
        epilog=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    export = verbs.add_parser("export", help="write the table of a seed folder for a spreadsheet")
    export.add_argument("folder", type=Path, help="the folder that INTAKE_SEED names")
    export.add_argument("--to", type=Path, help="the file to write; the standard output when it is left out")
    import_ = verbs.add_parser("import", help="check a table and put it into a seed folder")
    import_.add_argument(
        "file", type=Path, help="the table: CSV in UTF-8 with semicolons, commas or tabulators"
    )
    import_.add_argument("folder", type=Path, help="the folder that INTAKE_SEED names")
    import_.add_argument(
        "--check", action="store_true", help="change nothing, only say what an import would do"
    )
    import_.add_argument(
        "--close-missing", action="store_true", help="close the places that the table leaves out"
    )
    return parser
