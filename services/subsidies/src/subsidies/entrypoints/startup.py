"""Puts the rules, budgets and measures of the agency's files in force when the service starts."""

from collections.abc import Sequence

from chassis.ids import derive
from chassis.service import ServiceContext
from subsidies.domain.packs import PackText
from subsidies.handlers.allocate_budget import AllocateBudget
from subsidies.handlers.documents import BUDGETS, CURRENT, PACKS, REGISTERS
from subsidies.handlers.load_pack import LoadPack
from subsidies.handlers.publish_measures import PublishMeasures


async def put_in_force(
    context: ServiceContext,
    packs: Sequence[PackText],
    budgets: Sequence[AllocateBudget],
    measures: PublishMeasures,
) -> None:
    """Run a command for everything that differs from the files: packs, then budgets, then measures.

    A command's id contains the new content and the revision that it replaces: replicas that start together run it
    once, a restart runs nothing, and a return to earlier content is a new change. Raises Refused when an allocation is
    lower than the spent cents.
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


async def _allocate(context: ServiceContext, command: AllocateBudget) -> None:
    budget = await context.load(BUDGETS, command.code)
    allocation = (command.measure, command.province, command.allocated_cents)
    if budget is not None and (budget.measure, budget.province, budget.allocated_cents) == allocation:
        return
    content = "/".join(map(str, allocation))
    command_id = derive(f"budget/{command.code}/{0 if budget is None else budget.revision}", content)
    await context.run(command, id=command_id, key=command.code, fingerprint=content)
