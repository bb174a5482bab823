"""Tests of the model."""

import pandas as pd
import pytest

from app.data import Tables
from app.search import ChapterSearch, texts


@pytest.fixture
def search() -> ChapterSearch:
    return ChapterSearch(["Install the compiler", "Write a web server", "Deploy to the cloud"])


def test_the_closest_chapter_is_found(search):
    assert search.best("how is the compiler installed?") == 0
    assert search.best("serving the web") == 1
    assert search.best("zzz") is None


def test_scores_lie_between_nothing_and_one(search):
    scores = search.scores("Deploy to the cloud")
    assert scores.shape == (3,)
    assert scores[2] == pytest.approx(1)
    assert (scores >= 0).all()


def test_the_words_of_a_chapter_include_its_action_items():
    chapters = pd.DataFrame({"title": ["One", "Two"]})
    actions = pd.DataFrame({"title": ["run it"], "chapter": [1]})
    assert texts(Tables(chapters, actions)) == ["One", "Two run it"]
