"""The equivalence scale of a household, in hundredths (DPCM 159/2013, Allegato 1)."""

from subsidies.domain.facts import Household
from subsidies.domain.packs import Scale


def base_hundredths(scale: Scale, members: int) -> int:
    """The parameter by the number of members, without increases."""
    listed = len(scale.base)
    return scale.base[min(members, listed) - 1] + max(0, members - listed) * scale.further_member


def scale_hundredths(scale: Scale, household: Household) -> int:
    """The parameter with the increases for the stated composition.

    With several composition codes only the greatest increase applies: a child under three replaces the plain increase.
    """
    children = max((more for least, more in scale.children if household.children >= least), default=0)
    stated = max((more for code, more in scale.composition if code in household.composition), default=0)
    disabled = household.disabled * scale.per_disabled
    return base_hundredths(scale, household.members) + children + stated + disabled
