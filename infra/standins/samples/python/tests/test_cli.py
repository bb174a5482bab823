"""Tests of the commands."""

import pytest

from app.cli import main
from app.companion import ACTION_ITEMS, CHAPTERS
from app.progress import read_progress, write_progress


def test_chapters_are_printed(capsys):
    assert main(["chapters"]) == (0 if CHAPTERS else 1)
    assert "Chapter" in capsys.readouterr().out


def test_no_chapter_has_these_words():
    assert main(["chapters", "zzzz", "qqqq"]) == 1


def test_no_chapter_lies_beyond_the_end():
    assert main(["at", "999:00:00"]) == 1
    with pytest.raises(SystemExit):
        main(["at", "soon"])


def test_what_is_done_is_kept(tmp_path):
    path = tmp_path / "progress.json"
    for item in ACTION_ITEMS:
        assert main(["--progress", str(path), "done", str(item.number)]) == 0
    assert read_progress(path) == {item.number for item in ACTION_ITEMS}
    assert main(["--progress", str(path), "done", "0"]) == 1
    assert main(["--progress", str(path), "actions"]) == 0


def test_a_file_of_somebody_else_is_not_believed(tmp_path):
    path = tmp_path / "progress.json"
    path.write_text('{"done": 1}', encoding="utf-8")
    assert main(["--progress", str(path), "actions"]) == 2
    write_progress(path, {2, 1})
    assert path.read_text(encoding="utf-8") == "[1, 2]"
