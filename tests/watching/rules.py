"""The deployed rules, and the test cases of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from tests.watching.prometheus_tools import DEPLOY, ROOT

FILES = (DEPLOY / "prometheus" / "slo.yml", DEPLOY / "prometheus" / "alerts.yml")
CASES = ROOT / "tests" / "watching" / "cases.yml"


@dataclass(frozen=True)
class Alert:
    """One alerting rule."""

    name: str
    expr: str
    severity: str
    annotations: dict[str, str]


def rules() -> Iterator[dict[str, Any]]:
    """All alerting and recording rules."""
    for file in FILES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from group["rules"]


def alerts() -> dict[str, Alert]:
    """All alerts by name."""
    return {
        rule["alert"]: Alert(
            rule["alert"],
            rule["expr"],
            rule.get("labels", {}).get("severity", ""),
            rule.get("annotations", {}),
        )
        for rule in rules()
        if "alert" in rule
    }


def alert_of(case: str) -> str:
    """The alert that a case tests: its name up to the first comma."""
    return case.partition(",")[0]


def cases() -> dict[str, Any]:
    """The content of cases.yml."""
    found: dict[str, Any] = yaml.safe_load(CASES.read_text())
    return found


def promtool_tests(side: str) -> str:
    """All cases of one side, `fires` or `rests`, as a test file of `promtool test rules`."""
    written, known = cases(), alerts()
    tests = []
    for name, case in written["cases"].items():
        side_of_case = case[side]
        wanted = (
            {alert_of(name): side_of_case["labels"], **side_of_case.get("also", {})}
            if side == "fires"
            else {}
        )
        samples = [
            {"labels": _series(alert, known[alert].severity, labels), "value": 1}
            for alert, labels in wanted.items()
        ]
        until = int(side_of_case["at"].removesuffix("m")) + 1
        series = {
            one: values.replace("xN", f"x{until}")
            for one, values in (written["well"] | side_of_case["series"]).items()
        }
        tests.append(
            {
                "name": f"{name} {side}",
                "interval": "1m",
                "input_series": [{"series": one, "values": values} for one, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": 'ALERTS{alertstate="firing"}',
                        "eval_time": side_of_case["at"],
                        "exp_samples": samples,
                    }
                ],
            }
        )
    files = [str(file) for file in FILES]
    return yaml.safe_dump({"rule_files": files, "evaluation_interval": "1m", "tests": tests}, sort_keys=False)


def _series(alert: str, severity: str, labels: dict[str, str]) -> str:
    all_labels = {"alertname": alert, "alertstate": "firing", "severity": severity, **labels}
    return "ALERTS{" + ",".join(f'{name}="{value}"' for name, value in all_labels.items()) + "}"
