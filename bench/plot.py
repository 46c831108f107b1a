"""The plot of a run: throughput of each variant and latency distributions."""

from pathlib import Path

import matplotlib as mpl

from bench.figures import Figures
from bench.report import LATENCIES
from bench.runs import VARIANTS

mpl.use("Agg")
import matplotlib.pyplot as plt


def draw(figures: Figures, path: Path) -> None:
    """Throughput on the left, one dot per round; cumulative latency distributions on the right."""
    picture, (left, right) = plt.subplots(1, 2, figsize=(12, 5.2), layout="constrained")
    variants = [variant for variant in reversed(VARIANTS) if figures.rates(variant)]
    left.barh(variants, [figures.rate(variant) for variant in variants], color="#7a9cc6")
    for place, variant in enumerate(variants):
        rates = figures.rates(variant)
        left.plot(rates, [place] * len(rates), "k.", markersize=4)
        left.annotate(f"  {figures.rate(variant):,.0f}", (max(rates), place), va="center")
    left.set(xlabel="events/s", title="drain: median of the rounds, one dot per round")
    left.margins(x=0.16)
    for name in LATENCIES:
        values = sorted(figures.latency(name).values)
        if values:
            shares = [(place + 1) / len(values) for place in range(len(values))]
            right.step(values, shares, where="post", label=name)
    right.set(xscale="log", xlabel="ms", ylabel="share", title="cumulative latency distribution")
    right.grid(alpha=0.3)
    if right.get_legend_handles_labels()[0]:
        picture.legend(loc="outside lower center", ncols=4, fontsize="small")
    picture.savefig(path, dpi=120)
    plt.close(picture)
