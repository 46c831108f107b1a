"""Pictures of pages: what is missing is named, and a picture is a PNG file of the asked width."""

import struct
from pathlib import Path

import pytest

from stack import screens
from stack.processes import StackError


def test_a_machine_without_a_browser_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(StackError, match="apt-get install chromium"):
        screens.browser()


def test_a_system_that_does_not_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(StackError, match="make up"):
        screens.screens(["--state", str(tmp_path / "state"), "--to", str(tmp_path / "pictures")])


def test_a_browser_that_writes_nothing_is_named_with_its_words(tmp_path: Path) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\necho no display >&2\n")
    program.chmod(0o755)

    with pytest.raises(StackError, match="no display"):
        screens.take(str(program), "http://127.0.0.1:9/", 390, tmp_path / "page.png")


def test_a_page_is_written_at_the_width_of_a_phone(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><title>x</title><h1>Ascolto</h1>")
    try:
        program = screens.browser()
    except StackError as missing:
        pytest.skip(str(missing))

    screens.take(program, page.as_uri(), 390, tmp_path / "page.png")

    header = (tmp_path / "page.png").read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", header[16:20]) == (390,)
