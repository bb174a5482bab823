"""Tests of the search."""

from app.models import Chapter
from app.search import chapter_at, chapters_with

CHAPTERS = [
    Chapter(title="Install the tools", start_s=0, end_s=60),
    Chapter(title="Write the first test", start_s=60, end_s=150.5),
]


def test_every_word_must_be_there():
    assert chapters_with(CHAPTERS, "THE first") == [CHAPTERS[1]]
    assert chapters_with(CHAPTERS, "first tools") == []
    assert chapters_with(CHAPTERS, "") == CHAPTERS


def test_a_second_belongs_to_one_chapter():
    assert chapter_at(CHAPTERS, 59.9) == CHAPTERS[0]
    assert chapter_at(CHAPTERS, 60) == CHAPTERS[1]
    assert chapter_at(CHAPTERS, 150.5) is None
    assert chapter_at([], 0) is None
