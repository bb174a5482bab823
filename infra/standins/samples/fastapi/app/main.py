"""The service: a companion to a video."""

from typing import Annotated

from fastapi import FastAPI, HTTPException, Query
from fastapi.middleware.cors import CORSMiddleware

from app.companion import COMPANION
from app.models import ActionItem, Chapter, Companion
from app.search import chapter_at, chapters_with
from app.settings import read_settings

app = FastAPI(title=COMPANION.title, description=COMPANION.summary)
app.add_middleware(
    CORSMiddleware,
    allow_origins=read_settings().allowed_origins,
    allow_methods=["GET"],
)


@app.get("/")
def companion() -> Companion:
    """Everything at once."""
    return COMPANION


@app.get("/chapters")
def chapters(q: Annotated[str, Query(max_length=200)] = "") -> list[Chapter]:
    """The chapters whose title holds the words."""
    return chapters_with(COMPANION.chapters, q)


@app.get("/chapters/at/{second}")
def at(second: float) -> Chapter:
    """The chapter that a second lies in."""
    found = chapter_at(COMPANION.chapters, second)
    if found is None:
        raise HTTPException(status_code=404, detail="no chapter at that second")
    return found


@app.get("/action-items")
def action_items() -> list[ActionItem]:
    """What the video asks its viewers to do."""
    return COMPANION.action_items
