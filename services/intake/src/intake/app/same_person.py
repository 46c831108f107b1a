"""The reports of one person, as far as their address and place tell."""

from collections.abc import Sequence

from chassis.service import ServiceContext
from intake.app.contents import Contents, FullReport
from intake.queries.reports import reports_at_place

MOST = 200


async def reports_of_same_person(
    context: ServiceContext, contents: Contents, report_id: str
) -> Sequence[str]:
    """The ids of the reports about the same place with the same e-mail address, the newest first; nothing without a report.

    Nothing links the reports of a person in the store: the addresses are decrypted and compared here, among the newest MOST
    reports about the place. A report without an address is alone.
    """
    full = (await contents.read_all([report_id])).get(report_id)
    if full is None:
        return []
    address = _address(full)
    if not address:
        return [report_id]
    nearby = [one.report_id for one in await reports_at_place(context, full.report.place_id, MOST)]
    found = await contents.read_all(nearby)
    same = [one for one in nearby if one in found and _address(found[one]) == address]
    return same if report_id in same else [*same, report_id]


def _address(full: FullReport) -> str:
    email = full.content.contact.email if full.content else None
    return (email or "").casefold()
