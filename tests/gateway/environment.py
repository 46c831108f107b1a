"""Debian's nginx with the deployed configuration, in front of servers that echo the request."""

import asyncio
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "deploy" / "gateway"
SERVICES = ("intake", "routing", "subsidies", "notify")
HOSTS = "https://ascolto.example:8080,www.example.org,"
IN_FRONT = "127.0.0.5"  # stands for the address that Docker gives to all published connections
_HOSTS = itertools.count()


def _free_host() -> str:
    """A loopback address that no replica of this test run had before."""
    third, fourth = divmod(next(_HOSTS), 254)
    return f"127.77.{third}.{fourth + 1}"


@dataclass
class Replica:
    """A server of one service on its own address; it answers `status` with the request as JSON, or with `answer`."""

    service: str
    port: int
    status: int = 200
    host: str = field(default_factory=_free_host)
    asked: list[str] = field(default_factory=list)
    answer: tuple[bytes, Mapping[str, str]] | None = None
    server: uvicorn.Server | None = None
    task: "asyncio.Task[None] | None" = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while (message := await receive()).get("type") == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.asked.append(f"{scope['method']} {scope['path']}")
        request = {
            "service": self.service,
            "host": self.host,
            "path": scope["path"],
            "query": scope["query_string"].decode(),
            "headers": [[name.decode(), value.decode()] for name, value in scope["headers"]],
            "bytes": len(body),
        }
        text, fields = self.answer or (json.dumps(request).encode(), {"content-type": "application/json"})
        headers = [(name.encode(), value.encode()) for name, value in fields.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    async def start(self) -> None:
        """Starts the server; returns when it listens."""
        config = uvicorn.Config(self, host=self.host, port=self.port, log_level="error", lifespan="off")
        self.server = uvicorn.Server(config)
        self.task = asyncio.get_running_loop().create_task(self.server._serve())
        while not self.server.started:
            assert not self.task.done(), f"nothing listens on {self.host}:{self.port}"
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stops the server."""
        if self.server is not None and self.task is not None:
            self.server.should_exit = True
            await self.task
            self.server = None


class Names(asyncio.DatagramProtocol):
    """A DNS server that answers A queries from a table, like Docker's for the replicas of a service."""

    def __init__(self) -> None:
        self.table: dict[str, list[str]] = {}
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answers one query; names that are not in the table do not exist."""
        end = data.index(0, 12)
        question, at, labels = data[12 : end + 5], 12, []
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode())
            at += data[at] + 1
        found = self.table.get(".".join(labels), [])
        flags = 0x8180 if found else 0x8183
        head = data[:2] + b"".join(n.to_bytes(2) for n in (flags, 1, len(found), 0, 0))
        records = [
            b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x02\x58\x00\x04" + socket.inet_aton(host) for host in found
        ]
        self._transport.sendto(head + question + b"".join(records), addr)


@dataclass
class Gateway:
    """The gateway, the servers behind it, and the DNS server."""

    url: str
    names: Names
    port: int
    replicas: dict[str, Replica]
    more: list[Replica] = field(default_factory=list)

    async def another(self, service: str) -> Replica:
        """Starts another replica of a service and adds it to the DNS server."""
        replica = Replica(service, self.port)
        await replica.start()
        self.more.append(replica)
        self.names.table[service].append(replica.host)
        return replica


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that is free on all addresses of this machine."""
    with closing(socket.socket(socket.AF_INET, kind)) as probe:
        probe.bind(("0.0.0.0", 0))
        return int(probe.getsockname()[1])


def configured(folder: Path, changes: Mapping[str, str], source: Path) -> Path:
    """Writes the deployed file with these replacements, each of which must occur in it."""
    text = source.read_text()
    for old, new in changes.items():
        assert old in text, f"{source.name} has no {old!r}"
        text = text.replace(old, new)
    target = folder / source.name
    target.write_text(text)
    return target


@asynccontextmanager
async def running_gateway(
    folder: Path, tls: Mapping[str, str] | None = None, more: Mapping[str, str] | None = None
) -> AsyncIterator[Gateway]:
    """Starts the gateway and its servers, with `more` replacements in the configuration; over TLS if the files of a certificate
    are given by the names of their secrets."""
    dns, port, behind = free_port(socket.SOCK_DGRAM), free_port(), free_port()
    names = Names()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: names, ("127.0.0.1", dns))
    replicas = {service: Replica(service, behind) for service in SERVICES}
    here = Gateway("", names, behind, replicas)
    names.table.update({service: [replica.host] for service, replica in replicas.items()})
    changes = {
        "listen 8080": f"listen 127.0.0.1:{free_port() if tls else port}",
        "resolver 127.0.0.11": f"resolver 127.0.0.1:{dns}",
        "$service:8080": f"$service:{behind}",
        " /tmp/": f" {folder}/",
        "/etc/ascolto/": f"{CONFIGURATION}/",
        "/etc/nginx/tls/": f"{folder}/tls/",
        "/dev/stdout": f"{folder}/access.log",
        "worker_processes auto": "worker_processes 1",
        "set_real_ip_from 172.16.0.0/12": f"set_real_ip_from {IN_FRONT}",
        **(more or {}),
    }
    file = configured(folder, changes, CONFIGURATION / "nginx.conf").rename(folder / "gateway")
    if tls:
        (folder / "tls").mkdir()
        configured(
            folder / "tls", {"listen 8443": f"listen 127.0.0.1:{port}", **tls}, CONFIGURATION / "tls.conf"
        )
    here.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    nginx = _start(file, folder)
    try:
        for replica in replicas.values():
            await replica.start()
        await _listening(port, nginx)
        yield here
    finally:
        nginx.terminate()
        nginx.wait(10)
        for replica in (*replicas.values(), *here.more):
            await replica.stop()
        transport.close()


def _start(file: Path, folder: Path) -> "subprocess.Popen[bytes]":
    binary = program()
    assert binary is not None
    # If root runs the tests, the default user of nginx' workers cannot read the folder.
    who = "" if os.geteuid() else " user root;"
    start = configured(folder, {" /tmp/": f" {folder}/"}, CONFIGURATION / "start.sh")
    words = [binary, "-p", str(folder), "-c", str(file), "-g", f"daemon off;{who}"]
    return subprocess.Popen(["sh", str(start), *words], env={"PATH": "/usr/bin:/bin", "GATEWAY_HOSTS": HOSTS})


def program() -> str | None:
    """The path of nginx, which Debian installs in /usr/sbin."""
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


async def _listening(port: int, nginx: "subprocess.Popen[bytes]") -> None:
    for _ in range(500):
        assert nginx.poll() is None, "nginx rejects the configuration"
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
    raise AssertionError("nginx does not listen")


def header(answer: Mapping[str, Any], name: str) -> str | None:
    """The value of a header of the echoed request; raises AssertionError when it occurs twice."""
    found = [value for key, value in answer["headers"] if key == name]
    assert len(found) < 2
    return found[0] if found else None


def filled(path: str) -> str:
    """The path of a route with a value for every parameter."""
    return re.sub(r"\{\w+\}", "0190a000-0000-7000-8000-000000000001", path)
