"""The random decisions of a world: the rate of each fault, and whether it happens at a given moment."""

import random
from collections import Counter
from dataclasses import dataclass, field

RATES = (0.0, 0.01, 0.03, 0.1)


class Rates(dict[str, float]):
    """The rate of each kind of fault in this world: often 0, sometimes high."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self._rng = rng

    def __missing__(self, kind: str) -> float:
        rate = self[kind] = self._rng.choice(RATES)
        return rate


@dataclass
class Chance:
    """The random decisions of one world; `calm` switches all faults off, `happened` counts them."""

    seed: int
    calm: bool = False
    rng: random.Random = field(init=False)
    rates: Rates = field(init=False)
    happened: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.rates = Rates(self.rng)

    def hits(self, kind: str) -> bool:
        """Whether a fault of this kind happens now."""
        if self.calm or self.rng.random() >= self.rates[kind]:
            return False
        self.happened[kind] += 1
        return True

    def latency(self) -> float:
        """The latency of one message in seconds: mostly short, rarely very long."""
        toss = self.rng.random()
        if toss < 0.93 or self.calm:
            return 0.0003 + 0.003 * toss
        return 0.05 * self.rng.random() if toss < 0.99 else 1.5 * self.rng.random()
