"""The equivalence scale: how many hundredths a household of this composition counts for."""

from subsidies.domain.facts import Household
from subsidies.domain.pack import Scale


def base_hundredths(scale: Scale, members: int) -> int:
    """The parameter of a household by its number alone."""
    listed = len(scale.base)
    return scale.base[min(members, listed) - 1] + max(0, members - listed) * scale.further_member


def scale_hundredths(scale: Scale, household: Household) -> int:
    """The parameter of a household with the increases its stated composition gives.

    Of several composition codes the greatest increase counts: a child under three replaces the plain increase.
    """
    children = max((more for least, more in scale.children if household.children >= least), default=0)
    stated = max((more for code, more in scale.composition if code in household.composition), default=0)
    disabled = household.disabled * scale.per_disabled
    return base_hundredths(scale, household.members) + children + stated + disabled
