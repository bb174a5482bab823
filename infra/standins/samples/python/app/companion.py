"""The video's chapters and action items."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chapter:
    """A section of the video, in seconds from its beginning."""

    title: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class ActionItem:
    """Something that the video asks its viewers to do."""

    number: int
    title: str
    at_s: float


TITLE = @title@

SUMMARY = @summary@

CHAPTERS: tuple[Chapter, ...] = (
    Chapter(@chapter.title@, @chapter.start@, @chapter.end@),
)

ACTION_ITEMS: tuple[ActionItem, ...] = (
    ActionItem(@action.number@, @action.title@, @action.at@),
)
