"""What the environment sets of the service."""

import os
from dataclasses import dataclass

from dotenv import load_dotenv


@dataclass(frozen=True)
class Settings:
    """The settings of one run."""

    allowed_origins: tuple[str, ...]
    """The web sites whose scripts may call the service."""


def read_settings() -> Settings:
    """The settings of the environment; a .env file stands in for what is not set there."""
    load_dotenv()
    origins = os.environ.get("ALLOWED_ORIGINS", "").split(",")
    return Settings(allowed_origins=tuple(origin.strip() for origin in origins if origin.strip()))
