"""The video's chapters and action items."""

from app.models import ActionItem, Chapter, Companion

COMPANION = Companion(
    title=@title@,
    summary=@summary@,
    chapters=[
        Chapter(title=@chapter.title@, start_s=@chapter.start@, end_s=@chapter.end@),
    ],
    action_items=[
        ActionItem(number=@action.number@, title=@action.title@, at_s=@action.at@),
    ],
)
