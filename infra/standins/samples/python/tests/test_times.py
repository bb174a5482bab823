"""Tests of the times."""

import pytest

from app.companion import Chapter
from app.times import chapter_at, clock, seconds


@pytest.mark.parametrize(
    ("shown", "number"),
    [("0:00", 0), ("1:15", 75), ("1:01:15", 3675)],
)
def test_a_time_reads_back(shown, number):
    assert clock(number) == shown
    assert seconds(shown) == number


@pytest.mark.parametrize("text", ["", "soon", "1:2:3:4", "-5", "nan", "inf"])
def test_anything_else_is_no_time(text):
    with pytest.raises(ValueError):
        seconds(text)


def test_a_second_belongs_to_one_chapter():
    chapters = [Chapter("One", 0, 60), Chapter("Two", 60, 90)]
    assert chapter_at(chapters, 60) == chapters[1]
    assert chapter_at(chapters, 90) is None
