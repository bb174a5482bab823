"""The program can be loaded."""

from app.cli import main


def test_the_program_can_be_called() -> None:
    assert callable(main)
