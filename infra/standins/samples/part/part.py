"""Stretches of a video."""

from collections.abc import Iterable
@import@

def steps() -> int:
    """How many modules there are up to this one."""
    return @steps@


def seconds(stretches: Iterable[tuple[float, float]]) -> float:
    """The seconds of all stretches; one that ends before it begins has none."""
    return sum(max(0.0, end - start) for start, end in stretches)
