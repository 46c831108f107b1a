"""Lists and mappings for the tests of imports."""

from pathlib import Path

from intake.app.imports.mapping_file import read_mapping

MAPPING_FILE = Path(__file__).parents[2] / "deploy" / "seed" / "intake" / "import-municipium.yaml"
MAPPING = read_mapping(MAPPING_FILE)
HEADER = "Id;Stato;Anno;Creato;Chiusa;DescrizioneBreve;Categoria\n"
GOOD = {"Id": "7", "Creato": "2026-02-03", "DescrizioneBreve": "Buca", "Categoria": "Buche"}


def row_of(number: int, text: str = "testo", date: str = "2026-01-01") -> str:
    """A line of a list."""
    return f"{number};;;{date};;{text};Buche\n"


def listed(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    """A list with this text."""
    file = tmp_path / "list.csv"
    file.write_bytes(text.encode(encoding))
    return file


def changed(tmp_path: Path, before: str, after: str) -> Path:
    """The shipped mapping with one thing changed."""
    text = MAPPING_FILE.read_text()
    assert before in text
    file = tmp_path / "mapping.yaml"
    file.write_text(text.replace(before, after, 1))
    return file
