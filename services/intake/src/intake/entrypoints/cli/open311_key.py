"""`python -m intake open311-key NAME OWNER`: make a key for a program that sends reports through Open311."""

import argparse
import json
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from intake.app.open311_keys import development_key
from intake.domain.api_keys import hash_of

SECRET = Path(".state/run/secrets/intake.secret")
_EPILOG = """The key is printed on standard output and stored nowhere: give it to the owner over a channel that nobody else
reads. The lines for deploy/seed/intake/open311.yaml are printed on standard error.
"""


def run(arguments: Sequence[str], default_secret: Path | None = None) -> int:
    """Print a new key, or with --development the key of the system in development with this secret; returns 0, or 2 without one."""
    options = _parser().parse_args(arguments)
    if options.development:
        return _print_development_key(options.secret or default_secret or SECRET)
    if not options.name or not options.owner:
        sys.stderr.write("open311-key: name the program and its owner, or give --development\n")
        return 2
    key = f"o311-{secrets.token_hex(32)}"
    sys.stdout.write(f"{key}\n")
    owner = json.dumps(options.owner, ensure_ascii=False)
    sys.stderr.write(f"  - {{name: {options.name}, owner: {owner}, sha256: {hash_of(key)}}}\n")
    return 0


def _print_development_key(file: Path) -> int:
    try:
        secret = bytes.fromhex(file.read_text().strip())
    except (OSError, ValueError) as error:
        sys.stderr.write(
            f"open311-key: the secret of intake cannot be read: {error}; name its file with --secret\n"
        )
        return 2
    sys.stdout.write(f"{development_key(secret)}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m intake open311-key",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", help="name of the program: lowercase letters, digits, dash")
    parser.add_argument("owner", nargs="?", help="the organisation, and whom to write to")
    parser.add_argument(
        "--development", action="store_true", help="print the key that a system in development accepts"
    )
    parser.add_argument("--secret", type=Path, help=f"file with intake's secret ({SECRET} of `make up`)")
    return parser
