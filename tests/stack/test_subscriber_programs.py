"""Concurrent installations of Node.js packages run once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stack import subscriber_programs

# Like npm, it fails if another one runs in its folder.
NPM = """#!/bin/sh
mkdir node_modules || exit 1
sleep 0.3
echo '{}' > node_modules/.package-lock.json
"""


def test_concurrent_requests_share_one_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, programs = tmp_path / "board", tmp_path / "bin"
    source.mkdir()
    programs.mkdir()
    for name in ("package.json", "package-lock.json"):
        (source / name).write_text("{}")
    (source / "board.mjs").write_text("console.log(1)\n")
    (programs / "npm").write_text(NPM)
    (programs / "npm").chmod(0o700)
    monkeypatch.setattr(subscriber_programs, "TOOLS", tmp_path / "tools")
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(subscriber_programs.node_folder, [source, source])

    assert first == second
    assert (first / "node_modules" / ".package-lock.json").exists()
    assert (first / "board.mjs").read_text() == "console.log(1)\n"
