"""At the start, the rules and budgets that the agency keeps in files are put in force."""

from collections.abc import Sequence

from chassis.ids import derive
from chassis.service import ServiceContext
from subsidies.handlers.allocate_budget import AllocateBudget
from subsidies.handlers.documents import BUDGETS, CURRENT, PACKS, REGISTERS, PackText
from subsidies.handlers.load_pack import LoadPack
from subsidies.handlers.publish_measures import PublishMeasures


async def put_in_force(
    context: ServiceContext,
    packs: Sequence[PackText],
    budgets: Sequence[AllocateBudget],
    measures: PublishMeasures,
) -> None:
    """Load what is new: packs first, then budgets, then the measures that name them.

    A command's id holds the content and the revision it replaces: replicas that start together run it once, a
    restart runs nothing, and going back to a former content is a change like any other. Raises Refused when an
    allocation is lower than what is spent.
    """
    for pack in packs:
        if await context.load(PACKS, pack.hash) is None:
            await context.run(
                LoadPack(pack), id=derive("pack", pack.hash), key=pack.hash, fingerprint=pack.hash
            )
    for budget in budgets:
        await _allocate(context, budget)
    current = await context.load(REGISTERS, CURRENT)
    if current is None or current.content != measures.content:
        revision = 0 if current is None else current.revision
        command_id = derive(f"measures/{revision}", measures.content)
        await context.run(measures, id=command_id, key=CURRENT, fingerprint=measures.content)


async def _allocate(context: ServiceContext, wanted: AllocateBudget) -> None:
    budget = await context.load(BUDGETS, wanted.code)
    asked = (wanted.measure, wanted.province, wanted.allocated_cents)
    if budget is not None and (budget.measure, budget.province, budget.allocated_cents) == asked:
        return
    content = "/".join(map(str, asked))
    command_id = derive(f"budget/{wanted.code}/{0 if budget is None else budget.revision}", content)
    await context.run(wanted, id=command_id, key=wanted.code, fingerprint=content)
