"""The service starts, stops and describes itself."""

from fastapi.testclient import TestClient

from app.main import app


def test_the_service_describes_itself() -> None:
    with TestClient(app):
        assert app.openapi()["paths"]
