"""The report ids of imported rows."""

import hmac
import uuid
from datetime import datetime
from pathlib import Path

from intake.app.imports.csv_rows import ImportFailed
from intake.app.tracking_codes import closing_proof, import_key, import_proof

_LISTS = uuid.UUID("8d0f2c84-2a35-5c0e-8a0b-6f1d3f5b9e07")
_FIX = "give the file with the secret of that intake service (INTAKE_SECRET) with --secret FILE"


class RowIds:
    """Derives the report id of each row: always the same one, and unpredictable without intake's secret.

    An id is an HMAC-SHA256 in the layout of a UUIDv5.
    """

    def __init__(self, secret: bytes, source: str) -> None:
        if len(secret) < 16:
            raise ValueError("less than 16 bytes")
        self._key = import_key(secret)
        self._source = source

    def of(self, row_id: str) -> str:
        """The report id of a row."""
        digest = hmac.digest(self._key, f"{self._source}\0{row_id}".encode(), "sha256")
        return str(uuid.UUID(bytes=digest[:16], version=5))

    def closing_proof(self, report_id: str, closed_at: datetime, cancelled: bool = False) -> str:
        """What proves to intake that the list says when this report was closed or cancelled."""
        return closing_proof(self._key, report_id, closed_at, cancelled)

    def rows_proof(self, content: bytes) -> str:
        """What proves to intake that rows which are sent together come from an import."""
        return import_proof(self._key, content)

    def former(self, row_id: str) -> str:
        """The report id of a row that was imported before ids were keyed."""
        return str(uuid.uuid5(uuid.uuid5(_LISTS, self._source), row_id))


def row_ids(secret: Path | None, source: str) -> RowIds:
    """The ids of a list with the secret in a file; raises ImportFailed without a valid secret."""
    if secret is None:
        raise ImportFailed(f"the ids of reports need intake's secret: {_FIX}")
    try:
        return RowIds(bytes.fromhex(secret.read_text("ascii").strip()), source)
    except OSError as error:
        raise ImportFailed(f"the secret {secret} cannot be read ({error.strerror}): {_FIX}") from error
    except ValueError as error:
        raise ImportFailed(f"{secret} has no secret (at least 16 bytes in hexadecimal): {_FIX}") from error
