"""What a campaign does between the phone and the gateway: an update of the app, and the two faults that its account must find."""

import json
import re
from dataclasses import dataclass, field, replace
from uuid import UUID

from tests.field.network import Request

_REPORT = re.compile(r"^/v1/field/reports/([0-9a-f-]{36})$")
SENT_ONCE = tuple(
    re.compile(rf"^PUT /v1/field/reports/[0-9a-f-]{{36}}{rest}$") for rest in ("", "/photos/[0-9a-f]{64}")
)
_PHOTO = re.compile(r"^/v1/field/reports/[0-9a-f-]{36}/photos/([0-9a-f]{64})$")
_LENGTH = re.compile(rb"\r\ncontent-length: *\d+", re.I)
# The version of the app in the addresses of its files, and in the name of its worker's cache.
_FILE = re.compile(r"^(/campo/app/[0-9a-f]{12})(-e\d+)?/")
_ADDRESS = re.compile(rb"/campo/app/[0-9a-f]{12}|\"version\": \"[0-9a-f-]+")
_ENCODING = re.compile(rb"\r\naccept-encoding:[^\r]*", re.I)
EDITION = "-e"
WORKER, SHELLS = "/campo/sw.js", ("/campo", "/campo/guscio")


def answer_of(status: str, body: object) -> bytes:
    """An answer with this JSON body."""
    text = json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
    return head.encode() + b"Cache-Control: no-store\r\nConnection: close\r\n\r\n" + text


def with_body(answer: bytes, body: bytes) -> bytes:
    """The answer with another body."""
    head = answer.partition(b"\r\n\r\n")[0]
    return _LENGTH.sub(b"\r\nContent-Length: %d" % len(body), head) + b"\r\n\r\n" + body


@dataclass
class AppUpdates:
    """Publishes other versions of the app: its files have other addresses then, and the old ones are gone."""

    edition: int = 0

    def ask(self, request: Request) -> Request | bytes:
        """The request, to the address that the server knows; 404 for a file of another edition."""
        named = _FILE.match(request.path)
        if not named:
            plain = request.path in (WORKER, *SHELLS)
            return replace(request, head=_ENCODING.sub(b"", request.head)) if plain else request
        if (named[2] or "") != self._suffix:
            return answer_of("404 Not Found", {"title": "There is no file of this edition."})
        return replace(
            request,
            head=request.head.replace(f"{named[1]}{self._suffix}/".encode(), f"{named[1]}/".encode(), 1),
        )

    def answer(self, request: Request, answer: bytes) -> bytes:
        """The answer; page and worker name the files of the edition."""
        if request.path not in (WORKER, *SHELLS) or b" 200 " not in answer[:20]:
            return answer
        body = answer.partition(b"\r\n\r\n")[2]
        return with_body(answer, _ADDRESS.sub(rb"\g<0>" + self._suffix.encode(), body))

    @property
    def _suffix(self) -> str:
        return f"{EDITION}{self.edition}" if self.edition else ""


@dataclass
class ForgottenIds(AppUpdates):
    """A phone that makes a new id when it sends a report again: what must be found as a double."""

    sent: set[str] = field(default_factory=set)
    renewed: dict[str, str] = field(default_factory=dict)

    def ask(self, request: Request) -> Request | bytes:
        """The request, under another id from the second time on."""
        named = _REPORT.match(request.path)
        if request.method != "PUT" or not named:
            return super().ask(request)
        known = named[1]
        if known not in self.sent:
            return request
        self.renewed[known] = _another(known)
        return Request(request.head.replace(known.encode(), self.renewed[known].encode()), request.body)

    def answer(self, request: Request, answer: bytes) -> bytes:
        """The answer as the phone expects it."""
        named = _REPORT.match(request.path)
        if request.method != "PUT" or not named:
            return super().answer(request, answer)
        if b" 20" in answer[:13]:
            self.sent.add(named[1])
        return answer.replace(self.renewed.get(named[1], named[1]).encode(), named[1].encode())


@dataclass
class EarlyAnswers(AppUpdates):
    """Acknowledges every tenth report and photo without forwarding it: what must be found as lost."""

    every: int = 10
    given: int = 0
    _asked: int = 0

    def ask(self, request: Request) -> Request | bytes:
        """The request, or an answer that nobody gave."""
        report, photo = _REPORT.match(request.path), _PHOTO.match(request.path)
        if request.method != "PUT" or not (report or photo):
            return super().ask(request)
        self._asked += 1
        if self._asked % self.every:
            return request
        self.given += 1
        if photo:
            return answer_of("201 Created", {"sha256": photo[1]})
        assert report
        said = {
            "report_id": report[1],
            "outcome": "registered",
            "tracking_code": "AAAAA-AAAAA",
            "pin": "000000",
        }
        return answer_of("201 Created", said)


def _another(report_id: str) -> str:
    """Another UUIDv7 of the same time."""
    return str(UUID(int=UUID(report_id).int ^ 1))
