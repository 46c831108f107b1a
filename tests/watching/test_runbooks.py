"""Every alert has a runbook, and the commands in the runbooks exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from deploy.compose.ops import command
from tests.architecture.compose_files import written_services
from tests.watching.prometheus_tools import ROOT
from tests.watching.rules import alerts

from ops.admin import _parser

RUNBOOKS = ROOT / "docs" / "runbooks"
SECTIONS = ["Meaning", "Impact", "Check", "Fix", "Resolved when"]
FORMERLY = re.compile(r"^Formerly `(\w+)`\.$", re.MULTILINE)
COMPOSE = written_services()


def commands() -> Iterator[tuple[str, str]]:
    for file in sorted(RUNBOOKS.glob("*.md")):
        text = file.read_text()
        blocks = [block.split("```")[0] for block in text.split("```sh\n")[1:]]
        inline = re.findall(r"`((?:docker|make) [^`\n]+)`", text)
        for line in [*(line for block in blocks for line in block.splitlines()), *inline]:
            yield file.stem, line


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert {file.stem for file in RUNBOOKS.glob("*.md")} == set(alerts())


@pytest.mark.parametrize("file", sorted(RUNBOOKS.glob("*.md")), ids=lambda file: file.stem)
def test_a_runbook_has_all_sections(file: Path) -> None:
    text = file.read_text()
    assert text.startswith(f"# {file.stem}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    parts = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]
    assert all(part.strip() for part in parts)
    assert "```promql" in parts[2]
    assert "```promql" in parts[4]


def test_a_former_name_is_no_name_of_an_alert() -> None:
    former = [name for file in RUNBOOKS.glob("*.md") for name in FORMERLY.findall(file.read_text())]
    assert len(former) == len(set(former)) > 0
    assert not set(former) & set(alerts())


def test_a_runbook_names_only_alerts_that_exist() -> None:
    known = set(alerts())
    for file in RUNBOOKS.glob("*.md"):
        text = FORMERLY.sub("", file.read_text())
        named = set(re.findall(r"\b([A-Z][a-z]+(?:[A-Z][a-z]+)+)\b", text))
        theirs = {"TopicAuthorizationFailed", "SaslAuthenticationFailed", "SendMessage", "OOMKilled"}
        assert named <= known | theirs, file.stem


def test_commands_name_services_and_verbs_that_exist() -> None:
    found = list(commands())
    assert len(found) > 40
    for where, line in found:
        words = shlex.split(line)
        if words[:2] == ["docker", "compose"]:
            _compose(where, words[2:])
        elif words[0] == "make":
            _make(where, words[1:])
        else:
            assert words[0] in ("docker", "df"), (where, line)


def _compose(where: str, words: list[str]) -> None:
    assert words[0] in ("ps", "logs", "up", "restart", "stop", "exec", "run"), where
    known = {"--since", "-d", "-T", "--scale", "--rm"}
    rest = [word for word in words[1:] if not re.fullmatch(r"\d+[mh]|.*=\d+", word)]
    if words[0] == "exec":
        rest = rest[:2]
    for word in rest:
        assert word in known or word in COMPOSE, (where, word)


def _make(where: str, words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert f"\n{words[0]}: " in makefile, where
    if words[0] == "ops":
        variables = dict(word.split("=", 1) for word in words[1:])
        run = command(variables["SERVICE"], "ascolto-ops", shlex.split(variables["ASK"]))
        inside = [*COMPOSE["ops"]["entrypoint"], *run[run.index("ops") + 1 :]]
        _parser().parse_args(inside[inside.index("ops.admin") + 1 :])


def test_log_messages_that_runbooks_quote_exist() -> None:
    sources = "\n".join(file.read_text() for file in (ROOT / "chassis" / "src" / "chassis").rglob("*.py"))
    for message in (
        "watchdog ends the process", "waiting", "seed refused", "job postponed", "batch failed", "gap accepted",
        "topic recreated", "send failed", "no such topic", "topics are missing", "met a bug: a bad deploy",
        "partition stopped", "codecs missing",
    ):  # fmt: skip
        assert message in sources, message
