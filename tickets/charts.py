"""Turns figures into the points of small drawings: stacked bars, and lines. *Pure.*"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 560, 120
STEPS = 3  # lines above the ground
ROUND = (1, 2, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Bar:
    """One part of a bar."""

    kind: str  # the class of its colour
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Curve:
    """One line through the days that have a figure."""

    kind: str
    points: str


@dataclass(frozen=True)
class Drawing:
    """What a template needs to draw: the scale from top to bottom, and the shapes."""

    scale: Sequence[int]
    bars: Sequence[Bar] = ()
    curves: Sequence[Curve] = ()

    @property
    def grid(self) -> list[float]:
        """Where the lines of the scale lie."""
        return [HEIGHT * step / STEPS for step in range(STEPS + 1)]


def bars(columns: Sequence[Sequence[int]], kinds: Sequence[str]) -> Drawing:
    """Stack the figures of each column, the first at the ground."""
    top = _top(max((sum(column) for column in columns), default=0))
    pitch = WIDTH / max(len(columns), 1)
    gap = min(3.0, pitch / 6)
    drawn = []
    for place, column in enumerate(columns):
        ground = float(HEIGHT)
        for kind, figure in zip(kinds, column, strict=True):
            height = HEIGHT * figure / top
            ground -= height
            if figure:
                x, width = place * pitch + gap, pitch - 2 * gap
                drawn.append(Bar(kind, _short(x), _short(ground), _short(width), _short(height)))
    return Drawing(_scale(top), bars=drawn)


def curves(series: Sequence[tuple[str, Sequence[float | None]]]) -> Drawing:
    """Draw lines over the same days; a day without a figure is passed over."""
    top = _top(max((one for _kind, some in series for one in some if one), default=0))
    return Drawing(_scale(top), curves=[Curve(kind, _points(some, top)) for kind, some in series])


def _points(some: Sequence[float | None], top: int) -> str:
    pitch = WIDTH / max(len(some) - 1, 1)
    return " ".join(
        f"{_short(place * pitch)},{_short(HEIGHT - HEIGHT * one / top)}"
        for place, one in enumerate(some)
        if one is not None
    )


def _top(highest: float) -> int:
    """Give the end of the scale: three round steps that hold the highest figure."""
    step, power = highest / STEPS, 1
    while step > ROUND[-1] * power:
        power *= 10
    return STEPS * next(one * power for one in ROUND if one * power >= step)


def _scale(top: int) -> list[int]:
    return [top * step // STEPS for step in range(STEPS, -1, -1)]


def _short(number: float) -> float:
    return round(number, 1)
