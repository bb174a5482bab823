"""Made from a video; see the README."""
