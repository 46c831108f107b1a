"""The verb `subscribers`: subscribers in other languages consume a live system, are killed, and must lose nothing."""

import argparse
import asyncio
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from confluent_kafka import Producer

from contracts.connection import Connection
from contracts.envelope import Envelope
from contracts.notify import MessageSent
from contracts.permissions import group_prefix
from stack.account import unfinished
from stack.account_sources import Sources
from stack.onboarding import environment_of, onboard
from stack.play import Log, Player, PublicApis, read_log
from stack.processes import Child, StackError, print_stderr
from stack.scenario import generate
from stack.subscriber_account import ExpectedEvents, complete, faults, read_expected, read_rows, received
from stack.subscriber_programs import PROGRAMS, Command, Program
from stack.system import System
from stack.tools import REPOSITORY, base_environment

STATE = REPOSITORY / ".state" / "subscribers"
REPORTS = 24
DEADLINE = 90.0
UNKNOWN_EVENTS = 12
TEAM = "invented-team"


@dataclass
class Subscriber:
    """One subscriber process and its output file."""

    program: Program
    command: Command
    child: Child
    file: Path
    before_kill: int = 0

    def start(self, team: Connection) -> None:
        """Starts it, or restarts it at its committed offsets."""
        group = f"{group_prefix(team.user)}{self.program.language}"
        words = [*self.command, team.servers, group, self.file]
        self.child.start(words, base_environment() | environment_of(team))

    def rows(self) -> int:
        """The number of lines that it has written."""
        return len(read_rows(self.file))


@dataclass
class SubscriberTest:
    """The test: one system, two scenarios and the subscribers."""

    system: System
    subscribers: list[Subscriber]
    began: float = field(default_factory=time.time)

    def run(self) -> ExpectedEvents:
        """Runs the scenarios, kills and crashes processes, and returns what every subscriber must have received."""
        kafka, team = self.system.kafka.admin, onboard(self.system, TEAM)
        asyncio.run(self._play(1))
        for one in self.subscribers:
            one.start(team)
        self._wait_until_done()
        expected = read_expected(kafka)
        self._wait("the first scenario is received", lambda: self._all_complete(expected))
        self._kill_and_crash()
        publish_unknown_events(kafka)
        for one in self.subscribers:
            one.start(team)
        self._wait_until_done()
        expected = read_expected(kafka)
        self._wait("everything is received", lambda: self._all_complete(expected))
        for one in self.subscribers:
            one.child.stop()
        if expected.copies <= UNKNOWN_EVENTS:
            raise StackError("The relay sent no copies, so the test proves nothing: run it again.")
        return expected

    def _all_complete(self, expected: ExpectedEvents) -> bool:
        dead = [one.program.language for one in self.subscribers if not one.child.alive()]
        if dead:
            raise StackError(f"{' and '.join(dead)} terminated: see the logs under {self.system.root}.")
        return all(complete(read_rows(one.file), expected) for one in self.subscribers)

    def _kill_and_crash(self) -> None:
        """During the second scenario, kills every subscriber and crashes intake between sending and marking as sent."""
        before = [one.rows() for one in self.subscribers]
        self.system.kill_service("intake")
        self.system.start_service("intake", extra_env={"INTAKE_CRASH_AT": "relay.sent:2"})
        with ThreadPoolExecutor(1) as background:
            playing = background.submit(asyncio.run, self._play(2))
            self._wait(
                "intake crashes after sending",
                lambda: playing.done() or not self.system.service("intake").alive(),
            )
            for one, lines in zip(self.subscribers, before, strict=True):
                self._kill_in_mid_stream(one, lines)
            self.system.start_service("intake")
            playing.result()

    def _kill_in_mid_stream(self, one: Subscriber, lines: int) -> None:
        self._wait(f"{one.program.language} receives the second scenario", lambda: one.rows() > lines)
        one.child.kill()
        one.before_kill = one.rows()

    def _wait_until_done(self) -> None:
        asked = [one for path in self._logs() for one in read_log(path)]
        sources = Sources(self.system.mongod.admin, self.system.kafka.admin, self.system.mails, self.began)
        self._wait("the services are done", lambda: unfinished(sources.read_stores(asked)) == 0)

    def _logs(self) -> list[Path]:
        return sorted((self.system.root / "days").glob("*.jsonl"))

    async def _play(self, seed: int) -> None:
        url = self.system.url
        apis = PublicApis(url("intake"), url("routing"), url("subsidies"), self.system.dev_tokens())
        log = Log(self.system.root / "days" / f"{seed}.jsonl")
        async with httpx.AsyncClient(timeout=15) as client:
            registers = [
                await _register(client, f"{apis.intake}/v1/{name}", name) for name in ("categories", "places")
            ]
            scenario = generate(seed, registers[0], registers[1], datetime.now(UTC), REPORTS)
            try:
                await Player(client, apis, log, lambda _: None).play(scenario)
            finally:
                log.close()

    def _wait(self, what: str, done: Callable[[], bool]) -> None:
        end = time.monotonic() + DEADLINE
        while not done():
            if time.monotonic() > end:
                raise StackError(f"Timeout before {what}: see the logs under {self.system.root}.")
            time.sleep(0.1)


def subscribers(words: Sequence[str]) -> int:
    """Runs the test on a system of its own and prints the result of each program; 1 when one failed."""
    parser = argparse.ArgumentParser(prog="python -m stack subscribers")
    parser.add_argument("--state", type=Path, default=STATE, help="the state folder; it is emptied")
    system = System(parser.parse_args(words).state)
    system.stop()
    shutil.rmtree(system.root, ignore_errors=True)
    programs = available()
    try:
        print_stderr("starting engines and services …")
        system.start()
        found = [prepared(one, system) for one in programs]
        print_stderr(f"running two scenarios; {len(found)} subscribers are killed and restarted …")
        expected = SubscriberTest(system, found).run()
    finally:
        _end(system)
    passed = [one for one in found if _passed(one, expected)]
    print(
        f"subscribers: {len(passed)} of {len(PROGRAMS)} passed, {len(expected.known)} events each", flush=True
    )
    return int(len(passed) < len(programs))


def available() -> list[Program]:
    """The subscribers that this machine can run; the others are reported, and raise StackError in CI."""
    missing = {one.language: one.missing() for one in PROGRAMS}
    for language, reason in missing.items():
        if reason:
            print_stderr(f"{language}: skipped: {reason}.")
    if any(missing.values()) and os.environ.get("CI") == "true":
        raise StackError("In CI every subscriber must run: install what is missing.")
    return [one for one in PROGRAMS if not missing[one.language]]


def prepared(program: Program, system: System) -> Subscriber:
    """Builds a subscriber; the first time its packages are downloaded."""
    folder = system.root / "subscribers" / program.language
    child = Child(program.language, folder)
    return Subscriber(program, program.prepare(), child, folder / "received.jsonl")


def publish_unknown_events(kafka: Connection) -> None:
    """Publishes events of unknown types, and known ones with an additional field."""
    producer = Producer(kafka.librdkafka() | {"enable.idempotence": True, "partitioner": "murmur2_random"})
    for _ in range(UNKNOWN_EVENTS):
        subject = str(uuid.uuid4())
        event = MessageSent(report_id=subject, message_id=subject, template="case-opened", channel="email")
        later = json.dumps(json.loads(event.body()) | {"mood": "good"}).encode()
        known, unknown = (event.type_tag, later, 1), ("message-dreamt.v7", b'{"dream": true}', 2)
        for tag, value, sequence in (known, unknown, known):
            envelope = _envelope(tag, subject, sequence)
            producer.produce("notify.messages", value, subject, headers=list(envelope.headers()))
    if producer.flush(10):
        raise StackError("The broker did not acknowledge the unknown events.")


def _envelope(tag: str, subject: str, sequence: int) -> Envelope:
    name = str(uuid.uuid5(uuid.UUID(subject), tag))
    return Envelope(name, tag, "/example/stranger", subject, datetime.now(UTC), sequence, subject)


def _end(system: System) -> None:
    for program in PROGRAMS:
        Child(program.language, system.root / "subscribers" / program.language).stop()
    system.stop()


def _passed(one: Subscriber, expected: ExpectedEvents) -> bool:
    rows = read_rows(one.file)
    wrong = list(faults(rows, expected, one.before_kill))
    for line in wrong[:20]:
        print_stderr(f"{one.program.language}: {line}")
    skipped = len(rows) - len(received(rows))
    print(
        f"{one.program.language:<7}{len(received(rows))} events, {skipped} copies and unknown events skipped, "
        f"killed after {one.before_kill} lines: {'failed' if wrong else 'passed'}"
    )
    return not wrong


async def _register(client: httpx.AsyncClient, url: str, name: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = (await client.get(url)).raise_for_status().json()[name]
    return rows
