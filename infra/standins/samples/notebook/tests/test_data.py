"""Tests of the reading."""

import json

import pytest

from app.data import read_tables


def written(path, chapters, actions=()):
    path.write_text(json.dumps({"chapters": chapters, "actions": list(actions)}), encoding="utf-8")
    return path


def test_the_projects_own_data_is_read():
    tables = read_tables()
    assert (tables.chapters["duration_s"] >= 0).all()
    assert tables.actions["at_s"].is_monotonic_increasing


def test_action_items_lie_in_chapters(tmp_path):
    chapters = [
        {"title": "Two", "start_s": 60, "end_s": 90},
        {"title": "One", "start_s": 0, "end_s": 60},
    ]
    actions = [{"title": "a", "at_s": 60}, {"title": "b", "at_s": 95}]
    tables = read_tables(written(tmp_path / "data.json", chapters, actions))
    assert list(tables.chapters["title"]) == ["One", "Two"]
    assert list(tables.actions["chapter"]) == [1, -1]


def test_a_chapter_does_not_end_before_it_begins(tmp_path):
    path = written(tmp_path / "data.json", [{"title": "One", "start_s": 9, "end_s": 1}])
    with pytest.raises(ValueError):
        read_tables(path)


def test_a_video_may_have_nothing(tmp_path):
    tables = read_tables(written(tmp_path / "data.json", []))
    assert tables.chapters.empty and tables.actions.empty
