"""Pictures for the demo, drawn by the computer as flat shapes: what the shops offer."""

import io
import random
from collections.abc import Callable

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 160, 120  # in which everything below is measured
UNIT = 8  # pixels; drawn large and made smaller by half, so that no edge is rough
Point = tuple[float, float]
INK, WHITE, WOOD, LEAF = "#45505a", "#ffffff", "#a97c50", "#5d9b6b"
SHADOW = "#d5dad4"


class Sketch:
    """A sheet to draw flat shapes on; the same seed gives the same picture."""

    def __init__(self, seed: str, paper: str) -> None:
        self.chance = random.Random(seed)  # noqa: S311 (it only draws)
        self.sheet = Image.new("RGB", (WIDTH * UNIT, HEIGHT * UNIT), paper)
        self.draw = ImageDraw.Draw(self.sheet)

    def box(self, left: float, top: float, right: float, bottom: float, color: str, corner: float = 0) -> None:
        self.draw.rounded_rectangle([left * UNIT, top * UNIT, right * UNIT, bottom * UNIT], corner * UNIT, fill=color)

    def dot(self, x: float, y: float, wide: float, color: str, tall: float | None = None) -> None:
        tall = tall or wide
        self.draw.ellipse([(x - wide) * UNIT, (y - tall) * UNIT, (x + wide) * UNIT, (y + tall) * UNIT], fill=color)

    def ring(self, x: float, y: float, wide: float, color: str, thick: float) -> None:
        around = [(x - wide) * UNIT, (y - wide) * UNIT, (x + wide) * UNIT, (y + wide) * UNIT]
        self.draw.ellipse(around, outline=color, width=int(thick * UNIT))

    def shape(self, color: str, *points: Point) -> None:
        self.draw.polygon([(x * UNIT, y * UNIT) for x, y in points], fill=color)

    def line(self, color: str, thick: float, *points: Point) -> None:
        self.draw.line([(x * UNIT, y * UNIT) for x, y in points], fill=color, width=int(thick * UNIT), joint="curve")
        for x, y in (points[0], points[-1]):
            self.dot(x, y, thick / 2, color)

    def file(self) -> io.BytesIO:
        """The picture as it is sent."""
        out = io.BytesIO()
        self.sheet.reduce(2).save(out, "JPEG", quality=88)
        out.seek(0)
        return out


# --- what the shops offer -------------------------------------------------------------------------------------------------------


def _scissors(on: Sketch) -> None:
    on.line("#9aa7b0", 6, (62, 22), (92, 78))
    on.line("#b9c4cb", 6, (98, 22), (68, 78))
    for x in (62, 98):
        on.ring(x, 88, 13, "#c8553d", 5)
    on.dot(80, 55, 3, INK)


def _sack(on: Sketch, color: str = "#f4e7c5", mark: str = "#c99a3b") -> None:
    on.box(50, 26, 110, 102, color, 10)
    on.shape(color, (56, 32), (50, 16), (110, 16), (104, 32))
    on.line(mark, 3, (54, 30), (106, 30))
    for x, y in ((80, 56), (70, 68), (90, 68), (80, 80)):
        on.dot(x, y, 4, mark, 7)


def _bottle(on: Sketch, color: str, label: str) -> None:
    on.box(72, 14, 88, 26, label, 2)
    on.shape(color, (72, 26), (88, 26), (104, 44), (56, 44))
    on.box(56, 40, 104, 104, color, 8)
    on.box(62, 58, 98, 88, WHITE, 4)
    on.dot(80, 73, 7, label, 10)


def _eggs(on: Sketch) -> None:
    for x, y, color in ((58, 54, "#f3d3ae"), (80, 48, "#f8e0c2"), (102, 54, "#eec79c")):
        on.dot(x, y, 13, color, 18)
    on.shape("#b98b5e", (34, 60), (126, 60), (112, 96), (48, 96))
    for x in (50, 70, 90, 110):
        on.line("#9d7148", 2, (x, 64), (x - (x - 80) / 8, 92))


def _cup(on: Sketch) -> None:
    on.box(60, 14, 100, 30, INK, 5)
    on.box(56, 30, 104, 106, "#3d6fa5", 9)
    on.box(56, 52, 104, 60, "#6d97c4")
    on.box(64, 36, 70, 98, "#85abd2", 3)


def _broom(on: Sketch) -> None:
    on.line(WOOD, 4, (112, 12), (72, 70))
    on.shape("#e0b04e", (62, 62), (84, 76), (72, 104), (36, 88))
    on.shape("#5b8db8", (98, 66), (134, 66), (128, 104), (104, 104))
    on.ring(116, 66, 16, "#8fa3b0", 2)
    on.shape("#5b8db8", (98, 68), (134, 68), (128, 104), (104, 104))


def _wrench(on: Sketch) -> None:
    on.line("#7d8b95", 13, (58, 88), (98, 44))
    on.dot(102, 38, 20, "#7d8b95")
    on.shape("#f3f0d9", (100, 36), (112, 10), (132, 30))
    on.dot(62, 84, 5, "#f3f0d9")
    on.shape("#4f9bd0", (118, 62), (108, 86), (128, 86))
    on.dot(118, 88, 10, "#4f9bd0")


def _ticket(on: Sketch) -> None:
    on.box(28, 36, 132, 88, "#c8553d", 6)
    for y in range(42, 88, 10):
        on.dot(104, y, 1.5, WHITE)
    on.dot(64, 62, 17, WHITE)
    on.shape("#c8553d", (59, 52), (59, 72), (75, 62))
    for y in (36, 88):
        on.dot(118, y, 6, "#f7e6e3")


def _towel(on: Sketch) -> None:
    on.line(WOOD, 4, (36, 28), (124, 28))
    on.box(52, 28, 108, 98, "#7fb7a4", 2)
    for y in (76, 84):
        on.box(52, y, 108, y + 3, WHITE)


def _present(on: Sketch) -> None:
    on.box(48, 48, 112, 100, "#d69f32", 4)
    on.box(44, 40, 116, 54, "#e5b858", 4)
    on.box(75, 40, 85, 100, "#c8553d")
    for x in (70, 90):
        on.ring(x, 32, 10, "#c8553d", 4)


# By a part of the item's name; the first that fits.
ITEMS: dict[str, tuple[str, Callable[[Sketch], None]]] = {
    "发": ("#e3edf6", _scissors),
    "米": ("#e4efe6", _sack),
    "肥": ("#fbeedb", lambda on: _sack(on, "#dfe9d3", LEAF)),
    "盐": ("#e3edf6", lambda on: _sack(on, "#f7f9fb", "#7fa6c9")),
    "洗衣粉": ("#eee9f6", lambda on: _sack(on, "#cdddf2", "#3d6fa5")),
    "油": ("#f3f0d9", lambda on: _bottle(on, "#e3b23c", LEAF)),
    "洗衣液": ("#e3edf6", lambda on: _bottle(on, "#4a9c9c", "#3d6fa5")),
    "蛋": ("#fbeedb", _eggs),
    "杯": ("#f7e6e3", _cup),
    "保洁": ("#e4efe6", _broom),
    "小修": ("#f3f0d9", _wrench),
    "票": ("#f7e6e3", _ticket),
    "毛巾": ("#e3edf6", _towel),
}


def of_item(name: str) -> io.BytesIO:
    """What an item looks like."""
    paper, drawn = next((found for part, found in ITEMS.items() if part in name), ("#fbeedb", _present))
    on = Sketch(name, paper)
    on.dot(80, 106, 46, SHADOW, 4)
    drawn(on)
    return on.file()
