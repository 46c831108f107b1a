"""Find a household's earlier reports by what somebody says of themselves: tracking code, name, phone or e-mail."""

from collections.abc import Sequence

from chassis.service import ServiceContext
from intake.app.blind_index import BlindIndex
from intake.app.contents import FullReport
from intake.app.readings import Reader, Readings
from intake.app.tracking_codes import read_code
from intake.domain.readers import Part
from intake.queries.lookups import reports_with_hashes
from intake.queries.reports import reports_with_code

MOST = 20
_FEWEST_DIGITS = 5


class Lookups:
    """Looks reports up exactly; who is shown a contact is in the audit."""

    def __init__(self, context: ServiceContext, index: BlindIndex, readings: Readings) -> None:
        self._context, self._index, self._readings = context, index, readings

    async def find(self, typed: str, reader: Reader) -> Sequence[FullReport]:
        """The reports with this code, name, phone number or address, the newest first, at most 20.

        The audit has a line for each before it is decrypted; raises Unavailable when it cannot be written. What was erased
        is left out.
        """
        code = read_code(typed)
        found = list(await reports_with_code(self._context, code)) if code else []
        found += await reports_with_hashes(self._context, self._hashes(typed), MOST)
        ids = list(dict.fromkeys(one.report_id for one in found))[:MOST]
        read = [await self._readings.read(one, reader, Part.LOOKUP) for one in ids]
        return [one for one in read if one.content is not None]

    def _hashes(self, typed: str) -> Sequence[str]:
        """What the text may be: an address, a number, or a name; a code of ten letters can be a name too."""
        if "@" in typed:
            hashed = self._index.email(typed)
        elif sum(map(str.isdigit, typed)) >= _FEWEST_DIGITS:
            hashed = self._index.phone(typed)
        else:
            hashed = self._index.name(typed)
        return [hashed] if hashed else []
