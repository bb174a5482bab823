"""Tests of the routes."""

from fastapi.testclient import TestClient

from app.companion import COMPANION
from app.main import app

client = TestClient(app)


def test_the_companion_is_served():
    response = client.get("/")
    assert response.status_code == 200
    assert response.json() == COMPANION.model_dump()


def test_chapters_are_found_by_their_words():
    everything = client.get("/chapters").json()
    assert len(everything) == len(COMPANION.chapters)
    for chapter in COMPANION.chapters:
        found = client.get("/chapters", params={"q": chapter.title}).json()
        assert chapter.model_dump() in found


def test_no_chapter_lies_beyond_the_end():
    assert client.get("/chapters/at/1e9").status_code == 404
    assert client.get("/chapters/at/soon").status_code == 422


def test_action_items_are_numbered_in_order():
    numbers = [item["number"] for item in client.get("/action-items").json()]
    assert numbers == list(range(1, len(numbers) + 1))
