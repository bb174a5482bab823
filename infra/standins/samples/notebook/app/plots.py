"""Draws the chapters of a video."""

from matplotlib.axes import Axes

from app.data import Tables


def draw_timeline(tables: Tables, axes: Axes) -> Axes:
    """The chapters as bars over the time, with a mark for each action item."""
    chapters, actions = tables.chapters, tables.actions
    axes.barh(chapters["title"], chapters["duration_s"], left=chapters["start_s"])
    inside = actions[actions["chapter"] >= 0]
    axes.scatter(inside["at_s"], inside["chapter"], marker="|", color="black", zorder=2)
    axes.invert_yaxis()
    axes.set_xlabel("seconds")
    axes.set_title("Chapters and action items")
    return axes
