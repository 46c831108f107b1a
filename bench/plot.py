"""The picture of a run: how fast each arm is, and how long things take."""

from pathlib import Path

import matplotlib as mpl

from bench.figures import Figures
from bench.report import LATENCIES
from bench.runs import ARMS

mpl.use("Agg")
import matplotlib.pyplot as plt


def draw(figures: Figures, path: Path) -> None:
    """Speeds on the left, each round a dot; latencies on the right, as the share of those not above."""
    picture, (left, right) = plt.subplots(1, 2, figsize=(12, 5.2), layout="constrained")
    arms = [arm for arm in reversed(ARMS) if figures.rates(arm)]
    left.barh(arms, [figures.rate(arm) for arm in arms], color="#7a9cc6")
    for place, arm in enumerate(arms):
        rates = figures.rates(arm)
        left.plot(rates, [place] * len(rates), "k.", markersize=4)
        left.annotate(f"  {figures.rate(arm):,.0f}", (max(rates), place), va="center")
    left.set(xlabel="events/s", title="drain: median of the rounds, each round a dot")
    left.margins(x=0.16)
    for name in LATENCIES:
        values = sorted(figures.latency(name).values)
        if values:
            shares = [(place + 1) / len(values) for place in range(len(values))]
            right.step(values, shares, where="post", label=name)
    right.set(xscale="log", xlabel="ms", ylabel="share", title="latency: share of those not above")
    right.grid(alpha=0.3)
    if right.get_legend_handles_labels()[0]:
        picture.legend(loc="outside lower center", ncols=4, fontsize="small")
    picture.savefig(path, dpi=120)
    plt.close(picture)
