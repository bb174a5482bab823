"""The shapes that the service answers with."""

from pydantic import BaseModel, Field


class Chapter(BaseModel):
    """A section of the video, in seconds from its beginning."""

    title: str
    start_s: float = Field(ge=0)
    end_s: float = Field(ge=0)


class ActionItem(BaseModel):
    """Something that the video asks its viewers to do."""

    number: int = Field(ge=1)
    title: str
    at_s: float = Field(ge=0)


class Companion(BaseModel):
    """All there is to know about the video."""

    title: str
    summary: str
    chapters: list[Chapter]
    action_items: list[ActionItem]
