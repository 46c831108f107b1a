"""The programs of Prometheus that `make tools` installs; without them tests are skipped, and fail in CI."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
FETCHED = ROOT / ".state" / "tools" / "prometheus"


def program(*names: str) -> Path:
    """The path of the first of these programs that is installed."""
    for name in names:
        found = FETCHED / name if (FETCHED / name).exists() else shutil.which(name)
        if found:
            return Path(found)
    missing = f"{names[0]} is missing: run `make tools`"
    if os.environ.get("CI") == "true":  # noqa: TID251 - only the environment says whether this is CI
        pytest.fail(missing)
    pytest.skip(missing)


def check(tool: str, *words: str | Path, given: str | None = None) -> str:
    """The output of a tool; fails with its output when its exit code is not 0."""
    done = subprocess.run([program(tool), *words], input=given, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout + done.stderr
