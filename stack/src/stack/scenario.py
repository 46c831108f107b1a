"""Generates scenarios: valid reports, photos, talks, resends, invalid requests, withdrawals and the work of the staff."""

import json
import random
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from stack.scenario_applications import contribution_cases
from stack.scenario_phones import phones
from stack.scenario_world import Body, InvalidRequest, Report, Scenario, Talk

Rows = Sequence[Mapping[str, Any]]

DEFAULT_SIZE = 330
LEAST_CONTRIBUTIONS = 50
MOST_TALKS = 12
MOST_JOINED = 9
MOST_WITH_PHOTOS = 6
APPOINTMENTS = ("home-visit", "phone-call", "listening-point", "office")
KINDS = {"technical": 0.50, "administrative": 0.25, "social": 0.10, "contribution": 0.15}
CHANNELS = ("form", "form", "form", "phone", "phone", "operator", "operator", "api")
LANGUAGES = ("it",) * 9 + ("en", "fr", "ar")
NAMES = [
    "Ada",
    "Bruno",
    "Cesira",
    "Dario",
    "Elvira",
    "Fosca",
    "Gino",
    "Ilde",
    "Lauro",
    "Mafalda",
    "Nives",
    "Oreste",
    "Pia",
    "Quinto",
    "Rosa",
    "Silvio",
    "Tea",
    "Ugo",
]
SURNAMES = [
    "Esempi",
    "Provini",
    "Fintoni",
    "Inventati",
    "Campioni",
    "Modellini",
    "Bozzetti",
    "Figuranti",
    "Prestanome",
    "Ipotesi",
    "Simulati",
    "Segnaposto",
    "Comparse",
    "Facsimili",
    "Fantasini",
    "Pseudonimi",
    "Maquette",
    "Ritagli",
    "Cartapesta",
    "Controfigura",
]
OPENINGS = (
    "Buongiorno, segnalo",
    "Vorrei segnalare",
    "Da noi c'è questo problema:",
    "Vi scrivo per",
    "Ancora",
)
SINCE = ("da ieri sera", "da tre giorni", "da due settimane", "da stamattina", "dall'inizio del mese")
DETAILS = (
    "Lo vedono tutti quelli che passano dall'androne.",
    "I vicini del secondo piano hanno lo stesso problema.",
    "Ho già chiamato una volta e nessuno è venuto.",
    "Di sera è peggio, soprattutto per chi è anziano.",
    "Posso mostrarlo a chi viene, sono a casa dopo le cinque.",
)


@dataclass
class ScenarioWriter:
    """Generates reports; the same seed, registers and start give the same reports."""

    seed: int
    categories: Rows
    places: Rows
    start: datetime
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def new_id(self, number: int) -> str:
        """A UUIDv7 with the time of the start, so that two scenarios have no common ids."""
        value = (int(self.start.timestamp() * 1000) + number << 80) | self.rng.getrandbits(80)
        value = value & ~(0xF << 76) & ~(0x3 << 62) | (0x7 << 76) | (0x2 << 62)
        return str(uuid.UUID(int=value))

    def report(self, number: int, kind: str, province: str | None = None, *, plain: bool = False) -> Report:
        """One valid report of this kind, from any province or from the given one; a plain one is asked no questions."""
        fit = [row for row in self.categories if row["kind"] == kind and not (plain and row.get("questions"))]
        category = self.rng.choice(fit)
        place = self.rng.choice([row for row in self.places if province in (None, row["province"])])
        channel = self.rng.choice(CHANNELS)
        interface = "form" if channel == "form" else "json"
        body: Body = {
            "report_id": self.new_id(number),
            "category": category["code"],
            "place_id": place["id"],
            "description": self._text(number, category),
            "language": self.rng.choice(LANGUAGES),
            "channel": "web" if channel == "form" else channel,
        }
        if interface == "json":
            received = self.start - timedelta(seconds=self.rng.randrange(36_000))
            body["heard_at"] = received.isoformat(timespec="milliseconds")
        reachable = kind == "contribution" or number % 16
        if reachable:
            body["contact"] = self.contact(number)
        if self.rng.random() < 0.05:
            body["frailty"] = True
        return Report(number, body["report_id"], interface, kind, place["province"], body)

    def problem(self, number: int) -> Report:
        """A report of a talk: its contact, language and hour are those of the talk."""
        kind = self.rng.choices([kind for kind in KINDS if kind != "contribution"], (5, 3, 2))[0]
        report = self.report(number, kind)
        body = {name: report.body[name] for name in ("report_id", "category", "description")}
        return replace(report, interface="talk", body=body)

    def joiner(self, number: int, main: Report) -> Report:
        """A report of another person about the same problem; the client adds `joins` when it knows the id of the main one."""
        report = self.report(number, main.kind, main.province)
        same = {name: main.body[name] for name in ("category", "place_id")}
        return replace(report, interface="json", body=report.body | same | {"channel": "api"})

    def _text(self, number: int, category: Mapping[str, Any]) -> str:
        rng = self.rng
        trouble = rng.choice(list(category.get("examples") or [category["label"].lower()]))
        return (
            f"{rng.choice(OPENINGS)} {trouble}, {rng.choice(SINCE)}. {rng.choice(DETAILS)} "
            f"(Testo inventato numero {number:05d}.)"
        )

    def contact(self, number: int) -> Body:
        """The invented name, e-mail address and perhaps phone of one person."""
        pairs = len(NAMES) * len(SURNAMES)
        round_, index = divmod(number, pairs)
        name = f"{NAMES[index % len(NAMES)]} {SURNAMES[index // len(NAMES)]}" + (
            f" {round_}" if round_ else ""
        )
        contact: Body = {"name": name, "email": f"inquilino-{number:04d}@example.org"}
        if self.rng.random() < 0.4:
            contact["phone"] = f"+39 035 0{number:06d}"
        return contact


def generate(
    seed: int, categories: Rows, places: Rows, start: datetime, size: int = DEFAULT_SIZE
) -> Scenario:
    """Generates a scenario of `size` valid reports; the same arguments give the same scenario."""
    writer = ScenarioWriter(seed, categories, places, start)
    share = round(size * KINDS["contribution"])
    least = LEAST_CONTRIBUTIONS if size >= DEFAULT_SIZE else 1
    contributions = _contributions(writer, min(size, max(least, share)))
    reports = contributions + _others(writer, len(contributions), size)
    writer.rng.shuffle(reports)
    plain = [report.number for report in reports if report.kind != "contribution"]
    chosen = writer.rng.sample(plain, min(len(plain), 35))
    anyone = writer.rng.sample([report.number for report in reports], min(size, 20))
    invalid = _invalid_requests(writer, size)
    return Scenario(
        seed,
        tuple(reports),
        tuple(invalid),
        again=frozenset(anyone[:15]),
        reused=frozenset(anyone[15:]),
        withdrawn=frozenset(chosen[:10]),
        resolved=frozenset(chosen[10:]),
        photos={
            number: 1 + position % 3
            for position, number in enumerate(anyone[: min(MOST_WITH_PHOTOS, size // 50)])
        },
        talks=tuple(_talks(writer, size + len(invalid), min(MOST_TALKS, size // 25))),
        joins=_joins(writer, reports, frozenset(chosen[10:]), frozenset(chosen[:10])),
        phones=tuple(phones(writer, 20 * size, size)),
    )


def _contributions(writer: ScenarioWriter, count: int) -> list[Report]:
    provinces = sorted({str(row["province"]) for row in writer.places})
    cases = contribution_cases(writer.rng, count, writer.start.date())
    found = []
    for number, (data, expect) in enumerate(cases):
        # Half of them in the first province, the rest in all provinces, whose smaller budgets run out.
        province = provinces[0] if number % 2 else provinces[number // 2 % len(provinces)]
        data["tenancy"]["province"] = province
        report = writer.report(number, "contribution", province)
        found.append(Report(**vars(report) | {"data": data, "expect": expect}))
    return found


def _others(writer: ScenarioWriter, first: int, size: int) -> list[Report]:
    kinds = [kind for kind in KINDS if kind != "contribution"]
    weights = [KINDS[kind] for kind in kinds]
    return [writer.report(number, writer.rng.choices(kinds, weights)[0]) for number in range(first, size)]


def _talks(writer: ScenarioWriter, first: int, count: int) -> Iterator[Talk]:
    """Talks of one to three problems each; their numbers begin with `first`."""
    for position in range(count):
        number = first + 4 * position
        session_id = writer.new_id(number)
        problems = [writer.problem(number + 1 + one) for one in range(1 + position % 3)]
        place = str(writer.rng.choice(writer.places)["id"])
        at = writer.start + timedelta(days=1 + position)
        yield Talk(
            session_id,
            {"contact": writer.contact(number), "place_id": place, "language": writer.rng.choice(LANGUAGES)},
            tuple(replace(one, body=one.body | {"place_id": place}) for one in problems),
            {"at": at.isoformat(), "what": APPOINTMENTS[position % len(APPOINTMENTS)]},
        )


def _joins(
    writer: ScenarioWriter, reports: Sequence[Report], resolved: frozenset[int], withdrawn: frozenset[int]
) -> dict[int, tuple[Report, ...]]:
    """One to three joining reports for some public reports that nobody withdraws, first of all for those that are resolved."""
    public = {row["code"] for row in writer.categories if row.get("visibility") == "public"}
    fit = [one for one in reports if one.body["category"] in public and one.number not in withdrawn]
    most = min(MOST_JOINED, 1 + len(reports) // 40)
    mains = [one for one in fit if one.number in resolved][: -(-most // 3)]
    mains += [one for one in fit if one.number not in resolved][: most - len(mains)]
    first = 10 * len(reports)
    return {
        main.number: tuple(
            writer.joiner(first + 4 * main.number + one, main) for one in range(1 + position % 3)
        )
        for position, main in enumerate(mains)
    }


def _invalid_requests(writer: ScenarioWriter, first: int) -> list[InvalidRequest]:
    danger = next((row["code"] for row in writer.categories if row["kind"] == "danger"), "pericolo-immediato")
    found = []
    for position in range(2 * len(DEFECTS)):
        defect, expect, corrupt = DEFECTS[position % len(DEFECTS)]
        report = writer.report(first + position, "technical")
        body = report.body | {"channel": "api", "danger": danger, "future": writer.start + timedelta(days=2)}
        content = corrupt(body, writer.rng)
        report_id = content.pop("logged_id", report.report_id)
        interface = content.pop("interface", "json")
        text = json.dumps(
            {name: content[name] for name in content if name not in ("danger", "future", "cut")}
        )
        cut = text[: content.get("cut")].encode()
        found.append(
            InvalidRequest(report_id, interface, defect, cut, expect, report.body.get("contact", {}))
        )
    return found


Corrupt = Callable[[Body, random.Random], Body]


def _version_4(body: Body, rng: random.Random) -> Body:
    wrong_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    return body | {"report_id": wrong_id, "logged_id": wrong_id}


# The defect, the slug of the expected problem, and the change of the body; pages name a field instead of a slug.
DEFECTS: tuple[tuple[str, str, Corrupt], ...] = (
    ("malformed JSON", "malformed-json", lambda body, _: body | {"cut": -2}),
    ("a category that does not exist", "unknown-category", lambda body, _: body | {"category": "astronave"}),
    ("a place that does not exist", "unknown-place", lambda body, _: body | {"place_id": "bg-atlantide-99"}),
    ("a body over the cap", "too-large", lambda body, _: body | {"description": "troppo " * 12_000}),
    ("no place", "invalid", lambda body, _: {name: body[name] for name in body if name != "place_id"}),
    ("an immediate danger", "call-112", lambda body, _: body | {"category": body["danger"]}),
    ("an empty description", "description-missing", lambda body, _: body | {"description": "  "}),
    ("an invalid e-mail address", "contact-email", lambda body, _: body | {"contact": {"email": "nessuno"}}),
    ("an id that is not a UUIDv7", "unfit-report-id", _version_4),
    (
        "received the day after tomorrow",
        "heard-in-future",
        lambda body, _: body | {"heard_at": body["future"].isoformat()},
    ),
    (
        "a danger in the form",
        "call-112",
        lambda body, _: body | {"category": body["danger"], "interface": "form"},
    ),
    ("no place in the form", "form:place_id", lambda body, _: body | {"place_id": "", "interface": "form"}),
)
