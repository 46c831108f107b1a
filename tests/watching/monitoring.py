"""Prometheus and Alertmanager as processes, with the deployed configuration; only addresses and intervals differ."""

import asyncio
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import yaml
from tests.watching.prometheus_tools import DEPLOY, program
from tests.watching.rules import FILES

from contracts.permissions import SERVICES
from stack.ports import HOST, Ports
from stack.processes import Child
from stack.system import System
from stack.tools import base_environment

DEADLINE = 240.0
SECOND = "1s"


@dataclass(frozen=True)
class Monitoring:
    """Prometheus and Alertmanager for one system."""

    folder: Path
    system: System

    @property
    def prometheus(self) -> Child:
        return Child("prometheus", self.folder / "prometheus")

    @property
    def alertmanager(self) -> Child:
        return Child("alertmanager", self.folder / "alertmanager")

    def address(self, child: Child) -> str:
        """The address of one of the two, host:port."""
        return f"{HOST}:{Ports(child.folder)['http']}"

    def start(self) -> None:
        """Starts both and returns when they are ready."""
        self._write_rules()
        where = f"--web.listen-address={self.address(self.prometheus)}"
        data = f"--storage.tsdb.path={self.prometheus.folder / 'data'}"
        config = f"--config.file={self._prometheus_config()}"
        self.prometheus.start([program("prometheus"), config, data, where], base_environment())
        where = f"--web.listen-address={self.address(self.alertmanager)}"
        data = f"--storage.path={self.alertmanager.folder / 'data'}"
        config = f"--config.file={self._alertmanager_config()}"
        tool = program("prometheus-alertmanager", "alertmanager")
        self.alertmanager.start([tool, config, data, where, "--cluster.listen-address="], base_environment())
        for child in (self.alertmanager, self.prometheus):
            child.wait_until(partial(_ready, self.address(child)), DEADLINE)

    def stop(self) -> None:
        """Stops both."""
        self.prometheus.stop()
        self.alertmanager.stop()

    def _write_rules(self) -> None:
        """The deployed rules, with every `for` reduced to two seconds."""
        for file in FILES:
            self.prometheus.folder.mkdir(parents=True, exist_ok=True)
            shortened = re.sub(r"^( +for: ).*$", r"\g<1>2s", file.read_text(), flags=re.MULTILINE)
            (self.prometheus.folder / file.name).write_text(shortened)

    def _prometheus_config(self) -> Path:
        text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
        config: dict[str, Any] = yaml.safe_load(text.replace("/etc/prometheus", str(self.prometheus.folder)))
        config["global"] = dict.fromkeys(config["global"], SECOND)
        addresses = {name: self.system.url(name) for name in SERVICES}
        addresses["watcher"] = self.system.addresses()["watcher"]
        addresses["prometheus"] = self.address(self.prometheus)
        addresses["alertmanager"] = self.address(self.alertmanager)
        for job in config["scrape_configs"]:
            job.pop("dns_sd_configs", None)
            job["static_configs"] = [{"targets": [addresses[job["job_name"]].removeprefix("http://")]}]
        receivers = [{"static_configs": [{"targets": [self.address(self.alertmanager)]}]}]
        config["alerting"] = {"alertmanagers": receivers}
        return _written(self.prometheus.folder / "prometheus.yml", config)

    def _alertmanager_config(self) -> Path:
        config = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
        config["global"]["smtp_smarthost"] = self.system.addresses()["mailbox"]
        config["route"] |= {"group_wait": SECOND, "group_interval": SECOND}
        return _written(self.alertmanager.folder / "alertmanager.yml", config)

    async def ask(self, path: str, **words: str) -> Any:
        """The data of an answer of Prometheus' API."""
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            answer = await client.get(f"http://{self.address(self.prometheus)}/api/v1/{path}", params=words)
        return answer.json()["data"]

    async def wait_for_targets(self) -> None:
        """Returns when Prometheus has scraped every service, the watcher, Alertmanager and itself."""
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                seen = {one["metric"]["job"] for one in (await self.ask("query", query="up == 1"))["result"]}
            except httpx.HTTPError:
                seen = set()
            missing = {*SERVICES, "watcher", "prometheus", "alertmanager"} - seen
            if not missing:
                return
            assert time.monotonic() < deadline, f"never scraped: {sorted(missing)}"
            await asyncio.sleep(0.5)

    async def firing(self) -> set[tuple[str, str]]:
        """The firing alerts, each with its job label."""
        try:
            found = (await self.ask("alerts"))["alerts"]
        except httpx.HTTPError:
            return {("no answer", "")}
        return {
            (one["labels"]["alertname"], one["labels"].get("job", ""))
            for one in found
            if one["state"] == "firing"
        }

    async def until(self, what: str, reached: Callable[[set[tuple[str, str]]], bool]) -> set[tuple[str, str]]:
        """Returns the firing alerts once `reached` accepts them; fails with the firing alerts at the deadline."""
        deadline = time.monotonic() + DEADLINE
        while not reached(now := await self.firing()):
            assert time.monotonic() < deadline, f"{what} did not happen; firing: {sorted(now)}"
            await asyncio.sleep(0.5)
        return now


def _ready(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/-/ready", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _written(file: Path, config: dict[str, Any]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(file.parent / "data", ignore_errors=True)
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    return file
