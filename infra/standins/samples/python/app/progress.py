"""Which action items are done."""

import json
from pathlib import Path


def read_progress(path: Path) -> set[int]:
    """The numbers of the action items that are done; none where the file is not there.

    Raises ValueError where the file holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return set()
    done = json.loads(text)
    if not isinstance(done, list) or not all(isinstance(number, int) for number in done):
        raise ValueError(f"{path} is not a list of numbers")
    return set(done)


def write_progress(path: Path, done: set[int]) -> None:
    """Keeps the numbers of the action items that are done."""
    # An interruption here leaves the old file unchanged.
    new = path.with_name(path.name + ".new")
    new.write_text(json.dumps(sorted(done)), encoding="utf-8")
    new.replace(path)
