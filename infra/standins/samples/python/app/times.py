"""Times as a clock shows them."""

from collections.abc import Iterable

from app.companion import Chapter


def clock(seconds: float) -> str:
    """Seconds as a clock shows them: 75 is 1:15, 3675 is 1:01:15."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def seconds(text: str) -> float:
    """The seconds of a time such as 75, 1:15 or 1:01:15.

    Raises ValueError for anything else.
    """
    total = 0.0
    parts = text.split(":")
    if len(parts) > 3:
        raise ValueError(f"{text} is no time")
    for part in parts:
        number = float(part)
        if not 0 <= number < float("inf"):
            raise ValueError(f"{text} is no time")
        total = total * 60 + number
    return total


def chapter_at(chapters: Iterable[Chapter], second: float) -> Chapter | None:
    """The chapter that a second lies in."""
    for chapter in chapters:
        if chapter.start_s <= second < chapter.end_s:
            return chapter
    return None
