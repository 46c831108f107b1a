"""Generates the tables of docs/operations.md from code and rules; run as a program, it writes them."""

import re
import tempfile
from pathlib import Path

from prometheus_client import Metric
from tests.http.services import SERVICES
from tests.watching.metric_names import labels_of, process_of
from tests.watching.prometheus_tools import ROOT
from tests.watching.rules import alerts

from watcher.board import METRICS

PAGE = ROOT / "docs" / "operations.md"


def metrics_table(folder: Path) -> str:
    """All exported metrics, by the process that exports them."""
    shown: dict[str, list[Metric]] = {
        service: list(process_of(service, folder).metrics.registry.collect()) for service in SERVICES
    }
    everywhere = set.intersection(*({family.name for family in found} for found in shown.values()))
    labels = labels_of(folder)
    lines = ["| metric | labels | meaning | exported by |", "|---|---|---|---|"]
    common = [family for family in shown[SERVICES[0]] if family.name in everywhere]
    lines += [
        _line(family, labels, "every service") for family in common if not family.name.startswith("process_")
    ]
    for service, found in shown.items():
        own = [family for family in found if family.name not in everywhere]
        lines += [_line(family, labels, service) for family in own]
    for name, kind in METRICS.items():
        lines.append(_row(name, kind.labels, kind.help, "watcher"))
    return "\n".join(lines) + "\n"


def _line(family: Metric, labels: dict[str, tuple[str, ...]], by: str) -> str:
    name = family.name + ("_total" if family.type == "counter" else "")
    says = family.documentation + (" (histogram)" if family.type == "histogram" else "")
    return _row(name, labels[family.name], says, by)


def _row(name: str, labels: tuple[str, ...], says: str, by: str) -> str:
    named = ", ".join(f"`{label}`" for label in labels)
    return f"| `{name}` | {named} | {says} | {by} |"


def alerts_table() -> str:
    """All alerts with severity, description and link to the runbook."""
    lines = ["| alert | severity | description |", "|---|---|---|"]
    for name, alert in alerts().items():
        says = re.sub(r"\{\{ \$labels\.(\w+) \}\}", r"*\1*", alert.annotations["description"])
        lines.append(f"| [{name}](runbooks/{name}.md) | {alert.severity} | {says} |")
    return "\n".join(lines) + "\n"


def inside(name: str) -> str:
    """The text between the markers of this name."""
    return PAGE.read_text().split(f"<!-- {name}:begin -->\n")[1].split(f"<!-- {name}:end -->")[0]


def put(name: str, text: str) -> None:
    """Writes a table between its markers."""
    begin = f"<!-- {name}:begin -->\n"
    PAGE.write_text(PAGE.read_text().replace(begin + inside(name), begin + text))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        put("metrics", metrics_table(Path(scratch)))
    put("alerts", alerts_table())
