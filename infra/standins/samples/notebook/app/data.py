"""Reads the chapters and action items into tables."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

DATA = Path(__file__).resolve().parent.parent / "data" / "companion.json"


@dataclass(frozen=True)
class Tables:
    """What is known about the video."""

    chapters: pd.DataFrame
    """title, start_s, end_s, duration_s; in order."""
    actions: pd.DataFrame
    """title, at_s and the number of the chapter that it lies in, or -1; in order."""


def read_tables(path: Path = DATA) -> Tables:
    """The tables of a file.

    Raises ValueError where a chapter ends before it begins.
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    chapters = pd.DataFrame(document["chapters"], columns=["title", "start_s", "end_s"])
    chapters = chapters.astype({"title": str, "start_s": float, "end_s": float})
    chapters = chapters.sort_values("start_s", ignore_index=True)
    chapters["duration_s"] = chapters["end_s"] - chapters["start_s"]
    if (chapters["duration_s"] < 0).any():
        raise ValueError("a chapter ends before it begins")
    actions = pd.DataFrame(document["actions"], columns=["title", "at_s"])
    actions = actions.astype({"title": str, "at_s": float})
    actions = actions.sort_values("at_s", ignore_index=True)
    actions["chapter"] = [_chapter_of(chapters, at_s) for at_s in actions["at_s"]]
    return Tables(chapters=chapters, actions=actions)


def _chapter_of(chapters: pd.DataFrame, at_s: float) -> int:
    inside = (chapters["start_s"] <= at_s) & (at_s < chapters["end_s"])
    return int(inside.idxmax()) if inside.any() else -1
