"""Independent tools accept the contracts: the official AsyncAPI parser, ajv and the TypeScript compiler."""

import json
import subprocess
from pathlib import Path

import pytest

from contracts.samples import golden
from contracts.topics import BY_TYPE

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(180)]


def validated(tools: Path, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["node", "validate.mjs", home], cwd=tools, capture_output=True, text=True)


def compiled(tools: Path, home: Path, program: str) -> subprocess.CompletedProcess[str]:
    (home / "program.ts").write_text(program)
    compiler: list[str | Path] = [
        tools / "node_modules/.bin/tsc",
        "--noEmit",
        "--strict",
        "--target",
        "es2022",
    ]
    return subprocess.run([*compiler, home / "program.ts"], cwd=home, capture_output=True, text=True)


def test_documents_schemas_and_examples_are_what_the_official_tools_expect(
    node_tools: Path, home: Path
) -> None:
    result = validated(node_tools, home)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "values are as they should be" in result.stdout


def test_a_broken_document_and_a_broken_example_are_found_by_them(node_tools: Path, home: Path) -> None:
    document = home / "asyncapi/routing.json"
    document.write_text(document.read_text().replace('"action": "send"', '"action": "shout"'))
    example = home / "examples/case-resolved.v1.json"
    example.write_text(example.read_text().replace('"outcome": "solved"', '"outcome": "All is well"'))

    result = validated(node_tools, home)

    assert result.returncode == 1
    assert "asyncapi/routing.json" in result.stdout
    assert "case-resolved.v1.json solved" in result.stdout


def test_every_golden_record_fits_the_types_and_a_wrong_one_does_not(node_tools: Path, home: Path) -> None:
    lines = ["import type { ByTopic, ByType, Headers } from './typescript/ascolto'"]
    for tag, event in BY_TYPE.items():
        for number, record in enumerate(golden(event)):
            name = f"{event.__name__}{number}"
            lines.append(
                f"export const {name}: ByType['{tag}'] & ByTopic['{event.topic}'] = {record['value']}"
            )
            lines.append(f"export const headers{name}: Headers = {json.dumps(record['headers'])}")
    right = "\n".join(lines)
    wrong = right + "\nexport const wrong: ByType['case-resolved.v1'] = { report_id: 7 }\n"

    result = compiled(node_tools, home, right)

    assert result.returncode == 0, result.stdout
    assert "program.ts" in compiled(node_tools, home, wrong).stdout
