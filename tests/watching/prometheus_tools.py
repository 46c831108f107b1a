"""Prometheus's own programs, as `make tools` leaves them; a laptop without them skips, CI fails."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
FETCHED = ROOT / ".state" / "tools" / "prometheus"


def program(*names: str) -> Path:
    """The first of these programs that there is."""
    for name in names:
        found = FETCHED / name if (FETCHED / name).exists() else shutil.which(name)
        if found:
            return Path(found)
    missing = f"{names[0]} is missing: run `make tools`"
    if os.environ.get("CI") == "true":  # noqa: TID251 - whether this is CI is said nowhere else
        pytest.fail(missing)
    pytest.skip(missing)


def asked(tool: str, *words: str | Path, given: str | None = None) -> str:
    """What a tool answers when it is content; fails with its words when it is not."""
    done = subprocess.run([program(tool), *words], input=given, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout + done.stderr
