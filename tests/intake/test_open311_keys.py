"""The keys of Open311: their file, and the command that makes one."""

from pathlib import Path

import pytest
from tests.intake.conftest import SECRET, SEED

from chassis.seed import SeedError
from intake.adapters.open311_file import FILE, read_open311
from intake.app.open311_keys import ApiKeys, development_key, development_keys
from intake.domain.api_keys import Open311, hash_of
from intake.entrypoints.cli.open311_key import run


def test_a_new_key_fits_into_the_file_and_is_admitted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["mappa-inventata", 'Comune (esempio), "ced@example.org"']) == 0
    key, line = capsys.readouterr()
    (tmp_path / FILE).write_text(f"jurisdiction: agenzia.example.org\nkeys:\n{line}")

    settings = read_open311(tmp_path)

    assert ApiKeys(settings.keys).admit(key.strip()).name == "mappa-inventata"
    assert key.strip() not in line


def test_a_development_key_is_printed_and_admitted_in_development_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret").write_text(SECRET.hex())

    assert run(["--development", "--secret", str(tmp_path / "secret")]) == 0

    key = capsys.readouterr().out.strip()
    shipped = read_open311(SEED)
    assert key == development_key(SECRET)
    assert ApiKeys(development_keys(shipped, SECRET).keys).admit(key).name == "development"
    with pytest.raises(Exception, match="Invalid api_key"):
        ApiKeys(shipped.keys).admit(key)
    assert run(["--development", "--secret", str(tmp_path / "none")]) == run([]) == 2


def test_a_wrong_file_is_refused_with_line_and_fix(tmp_path: Path) -> None:
    row = f'  - {{name: a, owner: "x", sha256: {hash_of("k")}, per_minute: 0}}\n'
    (tmp_path / FILE).write_text(f"jurisdiction: Città\nkeys:\n{row}")

    with pytest.raises(SeedError) as error:
        read_open311(tmp_path)

    assert [fault.line for fault in error.value.faults] == [1, 3]
    (tmp_path / FILE).write_text("jurisdiction: a.example\nkeys:\n" + row.replace(", per_minute: 0", "") * 2)
    with pytest.raises(SeedError, match="twice"):
        read_open311(tmp_path)
    (tmp_path / FILE).unlink()
    assert read_open311(tmp_path) == Open311("")
