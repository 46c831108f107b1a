"""Count three cases in memory and print the API's answer and the published counts."""

import asyncio
from datetime import UTC, datetime

from chassis.testing import MemoryService
from contracts.routing import CaseOpened
from counts.main import Settings, plan

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


async def main() -> None:
    """Run the service without engines."""
    async with MemoryService(plan(Settings.model_construct()), NOW) as service:
        for number, neighbourhood in enumerate(("rancio", "rancio", "seriate")):
            report = f"00000000-0000-7000-8000-00000000000{number}"
            case = CaseOpened(
                report_id=report, route="operator", operator=None, rule="any", rules_version="1",
                urgency="n", neighbourhood=neighbourhood, contact_due_at=NOW, due_at=NOW,
            )  # fmt: skip
            await service.event(case)
        answer = await service.client().get("/v1/neighbourhoods")
        events = await service.published()
        print(answer.json(), sorted((event.neighbourhood, event.opened) for event in events))


asyncio.run(main())
