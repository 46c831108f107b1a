"""What the seed decides: how likely each trouble is in this world, and every single toss."""

import random
from dataclasses import dataclass, field


@dataclass
class Chance:
    """The tosses of one world; after `calm` nothing goes wrong any more."""

    seed: int
    control: str = ""
    calm: bool = False
    rng: random.Random = field(init=False)
    rates: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def rate(self, kind: str) -> float:
        """How likely this trouble is in this world: often never, sometimes a plague."""
        if kind not in self.rates:
            self.rates[kind] = self.rng.choice((0.0, 0.01, 0.03, 0.1))
        return self.rates[kind]

    def hits(self, kind: str) -> bool:
        """Whether it happens now."""
        return not self.calm and self.rng.random() < self.rate(kind)

    def latency(self) -> float:
        """How long one message takes, in seconds: mostly little, now and then very long."""
        toss = self.rng.random()
        if toss < 0.93 or self.calm:
            return 0.0003 + 0.003 * toss
        return 0.05 * self.rng.random() if toss < 0.99 else 1.5 * self.rng.random()
