"""What the seed decides: how likely each trouble is in this world, and every single toss."""

import random
from collections import Counter
from dataclasses import dataclass, field

RATES = (0.0, 0.01, 0.03, 0.1)


class Rates(dict[str, float]):
    """How likely each trouble is in this world: often never, sometimes a plague."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self._rng = rng

    def __missing__(self, kind: str) -> float:
        rate = self[kind] = self._rng.choice(RATES)
        return rate


@dataclass
class Chance:
    """The tosses of one world; after `calm` nothing goes wrong any more. `happened` counts what did."""

    seed: int
    calm: bool = False
    rng: random.Random = field(init=False)
    rates: Rates = field(init=False)
    happened: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.rates = Rates(self.rng)

    def hits(self, kind: str) -> bool:
        """Whether it happens now."""
        if self.calm or self.rng.random() >= self.rates[kind]:
            return False
        self.happened[kind] += 1
        return True

    def latency(self) -> float:
        """How long one message takes, in seconds: mostly little, now and then very long."""
        toss = self.rng.random()
        if toss < 0.93 or self.calm:
            return 0.0003 + 0.003 * toss
        return 0.05 * self.rng.random() if toss < 0.99 else 1.5 * self.rng.random()
