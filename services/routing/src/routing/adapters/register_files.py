"""The register as the agency keeps it: rules.yaml, operators.yaml, deadlines.yaml and calendar.yaml in one folder."""

import hashlib
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from routing.domain.register import Register

FILES = ("rules.yaml", "operators.yaml", "deadlines.yaml", "calendar.yaml")
CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
REGISTER = TypeAdapter(Register)


class RegisterError(ValueError):
    """A file of the register cannot be used; the text says where and why."""


def read_register(folder: Path) -> Register:
    """Read and check the register; raises RegisterError for a field nobody knows, a wrong value or a loose reference."""
    texts = {name: (folder / name).read_bytes() for name in FILES}
    rules, operators, deadlines, calendar = (yaml.safe_load(texts[name]) for name in FILES)
    raw = {
        "content": hashlib.sha256(b"\0".join(texts.values())).hexdigest()[:16],
        "rules": rules,
        "operators": operators["operators"],
        "calendar": deadlines | calendar,
    }
    try:
        register = REGISTER.validate_python(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise RegisterError(f"{folder}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    problems = [*_unknown(raw, REGISTER.dump_python(register), ""), *_loose(register)]
    if problems:
        raise RegisterError(f"{folder}: " + "; ".join(problems))
    return register


def _unknown(raw: Any, read: Any, path: str) -> list[str]:
    """Fields that are written and were not read: a misspelt condition must not become a rule without one."""
    if isinstance(raw, dict) and isinstance(read, dict):
        return [
            problem
            for name, value in raw.items()
            for problem in (
                _unknown(value, read[name], f"{path}{name}.")
                if name in read
                else [f"{path}{name} is not a known field"]
            )
        ]
    if isinstance(raw, list) and isinstance(read, tuple):
        return [
            problem
            for number, (value, kept) in enumerate(zip(raw, read, strict=True))
            for problem in _unknown(value, kept, f"{path}{number}.")
        ]
    return []


def _loose(register: Register) -> list[str]:
    codes = [operator.code for operator in register.operators]
    names = [rule.name for rule in register.rules.rules]
    classes = [clocks.urgency for clocks in register.calendar.clocks]
    problems = [
        f"{operator.code}: substitute {code} is not an operator"
        for operator in register.operators
        for code in operator.substitutes
        if code not in codes
    ]
    problems += [
        f"{code!r} is not a code"
        for code in (register.rules.version, *codes, *names)
        if not CODE.fullmatch(code)
    ]
    problems += [
        f"{name} is there twice"
        for name in {*codes, *names, *classes}
        if (codes + names + classes).count(name) > 1
    ]
    if register.calendar.unknown not in classes:
        problems.append(f"unknown: {register.calendar.unknown} is not one of the classes")
    return problems
