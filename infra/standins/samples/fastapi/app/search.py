"""Finds chapters by words and by seconds."""

from collections.abc import Sequence

from app.models import Chapter


def chapters_with(chapters: Sequence[Chapter], words: str) -> list[Chapter]:
    """The chapters whose title holds each of the words, in any case."""
    wanted = words.casefold().split()
    return [
        chapter
        for chapter in chapters
        if all(word in chapter.title.casefold() for word in wanted)
    ]


def chapter_at(chapters: Sequence[Chapter], second: float) -> Chapter | None:
    """The chapter that a second lies in."""
    for chapter in chapters:
        if chapter.start_s <= second < chapter.end_s:
            return chapter
    return None
