"""Paths that the engines accept."""

from pathlib import Path

from stack.processes import StackError

# `log.dirs` is a list without quotes, and `${` begins a variable in Kafka's properties.
FORBIDDEN = (",", "${")


def check_path(folder: Path) -> None:
    """Raises StackError for a path that an engine's settings cannot hold; blanks and accents are allowed."""
    shown = str(folder).encode("utf-8", "backslashreplace").decode()
    if not all(character.isprintable() for character in str(folder)):
        raise StackError(
            f"The path {shown!r} has a line break, a control character or bytes that are not UTF-8: use another folder."
        )
    if found := next((mark for mark in FORBIDDEN if mark in str(folder)), None):
        raise StackError(
            f"The path {shown} has “{found}”, which Kafka's settings cannot hold: use another folder."
        )


def properties_value(value: object) -> str:
    """A value escaped for a Java properties file, which is read as ISO-8859-1."""
    words = str(value)
    units = words.replace("\\", "\\\\").encode("utf-16-be")
    pairs = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
    written = "".join(chr(unit) if 0x20 <= unit < 0x7F else f"\\u{unit:04x}" for unit in pairs)
    return f"\\{written}" if written.startswith(" ") else written
