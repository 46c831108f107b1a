"""The reports of one person, as far as their address and place tell."""

from collections.abc import Sequence

from chassis.service import ServiceContext
from intake.app.contents import Contents, FullReport
from intake.queries.lookups import reports_with_hashes, reports_without_hashes

MOST = 200


async def reports_of_same_person(
    context: ServiceContext, contents: Contents, report_id: str
) -> Sequence[str]:
    """The ids of the reports about the same place with the same e-mail address, the newest first; nothing without a report.

    They are found by the keyed hash of the address, the newest MOST; those of builds that stored none are among the newest MOST of
    the place. The addresses are decrypted and compared here. A report without an address is alone.
    """
    full = (await contents.read_all([report_id])).get(report_id)
    if full is None:
        return []
    address = _address(full)
    if not address:
        return [report_id]
    place = full.report.place_id
    found = list(await reports_with_hashes(context, [contents.address_hash(address)], MOST))
    found += await reports_without_hashes(context, place, MOST)
    nearby = sorted(
        {one.report_id: one.registered_at for one in found if one.place_id == place}.items(),
        key=lambda row: row[1],
        reverse=True,
    )
    read = await contents.read_all([one for one, _ in nearby])
    same = [one for one, _ in nearby if one in read and _address(read[one]) == address]
    return same if report_id in same else [*same, report_id]


def _address(full: FullReport) -> str:
    email = full.content.contact.email if full.content else None
    return (email or "").casefold()
