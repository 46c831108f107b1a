"""The picture of where the time goes: processor time of a report by process, at each rate and on plain drivers."""

from pathlib import Path

import matplotlib as mpl

from bench.bare import BARE
from bench.cost_report import COLUMNS, arms
from bench.costs import WORKERS
from bench.figures import Figures

mpl.use("Agg")
import matplotlib.pyplot as plt

COLOURS = ("#4e79a7", "#59a14f", "#9c755f", "#f28e2b", "#76b7b2", "#b07aa1", "#bab0ac", "#edc948")


def draw_costs(figures: Figures, path: Path) -> bool:
    """One stacked bar for each column of the table; tells whether there was anything to draw."""
    found = arms(figures)
    if not found:
        return False
    picture, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    names = [COLUMNS[arm.name] for arm in found]
    below = [0.0] * len(found)
    for worker, colour in zip((*WORKERS, BARE), COLOURS, strict=True):
        # Idle work that was less than usual would be a negative height.
        heights = [max(0.0, 1000 * arm.busy.cpu.get(worker, 0.0) / arm.busy.reports) for arm in found]
        axes.bar(names, heights, bottom=below, label="client" if worker == BARE else worker, color=colour)
        below = [low + height for low, height in zip(below, heights, strict=True)]
    idle = [max(0.0, arm.whole.milliseconds() - low) for arm, low in zip(found, below, strict=True)]
    axes.bar(names, idle, bottom=below, label="idle work", color="white", edgecolor="#999999", hatch="//")
    axes.set(ylabel="processor time of a report, ms", title="where the time goes")
    handles, labels = axes.get_legend_handles_labels()
    picture.legend(handles[::-1], labels[::-1], loc="outside right upper")
    picture.savefig(path, dpi=110)
    plt.close(picture)
    return True
