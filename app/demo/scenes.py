"""Scenes for the demo: what people photographed when they did good, another one for each deed, drawn as flat shapes."""

import io
from collections.abc import Callable

from PIL import Image

from app.demo.pictures import HEIGHT, INK, LEAF, WHITE, WIDTH, WOOD, Sketch

SKIN, HAIR = ("#f0c8a0", "#e5b88e", "#d9a878"), ("#3b3330", "#8d8d8d", "#20262b")
SHIRTS = ("#c8553d", "#2f7d5b", "#3d6fa5", "#d69f32", "#8a5a94", "#e07a5f", "#4a9c9c")
WALLS = ("#d8c7ae", "#c3cdd4", "#e0b9a0", "#b9c9b4", "#cfc4d6", "#e8dcc0")
SKIES = (("#bfe0f2", "#eaf4ee"), ("#f6d9b8", "#f9eee0"), ("#cfdbe4", "#eef1f2"), ("#a9d3e8", "#f7ecd2"))
NIGHT = ("#1d2b45", "#3c4a68")
BINS = ("#3d6fa5", "#2f7d5b", "#5a6269", "#c8553d")


def of_deed(code: str, seed: str) -> io.BytesIO:
    """What somebody photographed who did good by the rule of this code."""
    on = Sketch(f"{code} {seed}", WHITE)
    SCENES.get(code, on.chance.choice((_clean_up, _visit, _meeting)))(on)
    if on.chance.random() < 0.5:
        on.sheet = on.sheet.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return on.file()


def _sky(on: Sketch, colors: tuple[str, str]) -> None:
    """From above to below, and lighter towards where the sun stands."""
    for step in range(6):
        on.box(0, step * 12, WIDTH, HEIGHT, colors[0] if step < on.chance.randint(1, 4) else colors[1])
    x = on.chance.randint(10, 150)
    on.dot(x, on.chance.randint(10, 34), on.chance.randint(6, 12), "#fff6d8" if colors != NIGHT else "#f4eecb")


def _houses(on: Sketch, ground: float, lit: bool) -> None:
    x = on.chance.uniform(-20, 0)
    while x < WIDTH:
        wide, tall = on.chance.uniform(16, 44), on.chance.uniform(20, 74)
        on.box(x, ground - tall, x + wide, ground, "#2a3850" if lit else on.chance.choice(WALLS))
        for row in range(int(tall // 11)):
            for column in range(int(wide // 9)):
                window = on.chance.choice(("#f5d97a", "#3b4a66")) if lit else on.chance.choice(("#7f9db0", "#a8c0cc"))
                left, top = x + 4 + column * 9, ground - tall + 5 + row * 11
                on.box(left, top, left + 4.5, top + 5.5, window)
        x += wide + on.chance.choice((0, 3, 14))


def _trees(on: Sketch, ground: float, many: int) -> None:
    for _ in range(many):
        x, tall = on.chance.uniform(4, 156), on.chance.uniform(20, 46)
        on.box(x - 1.5, ground - tall * 0.5, x + 1.5, ground, WOOD)
        for dx, dy, wide in ((0, 0.9, 0.32), (-0.2, 0.66, 0.26), (0.2, 0.62, 0.28)):
            on.dot(x + dx * tall, ground - dy * tall, wide * tall, on.chance.choice((LEAF, "#4c8660", "#7bb083")))


def _person(on: Sketch, x: float, feet: float, tall: float, shirt: str | None = None) -> None:
    head = tall * 0.13
    shirt = shirt or on.chance.choice(SHIRTS)
    for side in (-1, 1):
        on.line(INK, tall * 0.1, (x + side * tall * 0.07, feet - tall * 0.4), (x + side * tall * 0.08, feet))
        reach = on.chance.uniform(0.1, 0.3)
        on.line(shirt, tall * 0.08, (x + side * tall * 0.13, feet - tall * 0.7), (x + side * reach * tall, feet - tall * 0.45))
    on.box(x - tall * 0.15, feet - tall * 0.76, x + tall * 0.15, feet - tall * 0.36, shirt, tall * 0.06)
    on.dot(x, feet - tall * 0.9, head, on.chance.choice(HAIR))
    on.dot(x, feet - tall * 0.87, head * 0.85, on.chance.choice(SKIN))


def _people(on: Sketch, feet: float, most: int, shirt: str | None = None) -> None:
    for place in range(on.chance.randint(1, most)):
        x = on.chance.uniform(16, 60) + place * on.chance.uniform(24, 40)
        _person(on, x, feet + on.chance.uniform(-4, 6), on.chance.uniform(44, 60), shirt)


def _outside(on: Sketch, ground: float, *, lit: bool = False) -> None:
    _sky(on, NIGHT if lit else on.chance.choice(SKIES))
    _houses(on, ground, lit)
    on.box(0, ground, WIDTH, HEIGHT, "#2c3542" if lit else on.chance.choice(("#a9c69a", "#c9c5ba", "#b8cf9f")))


def _patrol(on: Sketch) -> None:
    _outside(on, 84, lit=True)
    x = on.chance.uniform(40, 90)
    on.shape("#58627a", (x + 12, 86), (x + 60, 76), (x + 64, 116))
    _people(on, 110, 3, "#e8822e")


def _clean_up(on: Sketch) -> None:
    _outside(on, on.chance.uniform(66, 82))
    _trees(on, 86, on.chance.randint(2, 5))
    for _ in range(12):
        on.dot(on.chance.uniform(4, 156), on.chance.uniform(94, 116), 1.8, on.chance.choice(("#c98b3b", "#b0633a")), 1.2)
    x = on.chance.uniform(30, 120)
    _person(on, x, 108, 56)
    on.line(WOOD, 2, (x + 12, 70), (x + 26, 104))
    on.shape("#d9b25a", (x + 22, 100), (x + 30, 100), (x + 34, 112), (x + 18, 112))


def _bins(on: Sketch) -> None:
    _outside(on, on.chance.uniform(60, 76))
    colors, first, step = list(BINS), on.chance.uniform(4, 40), on.chance.uniform(22, 28)
    on.chance.shuffle(colors)
    for place, color in enumerate(colors):
        x = first + place * step
        on.box(x, 64, x + 20, 102, color, 2)
        on.box(x - 1, 60, x + 21, 66, INK, 2)
        on.dot(x + 10, 82, 5, WHITE)
    _person(on, on.chance.uniform(12, 148), 114, 60, "#2f7d5b")


def _visit(on: Sketch) -> None:
    on.box(0, 0, WIDTH, HEIGHT, on.chance.choice(WALLS))
    on.box(0, 92, WIDTH, HEIGHT, on.chance.choice(("#b58e66", "#a9a39a", "#c9ad86")))
    x, y = on.chance.uniform(10, 110), on.chance.uniform(10, 24)
    on.box(x, y, x + 38, y + 34, WHITE)
    on.box(x + 3, y + 3, x + 35, y + 31, on.chance.choice(("#a9d3e8", "#f6d9b8", "#33425e")))
    sofa = on.chance.uniform(8, 80)
    on.box(sofa, 62, sofa + 66, 96, on.chance.choice(SHIRTS), 6)
    on.box(sofa + 6, 78, sofa + 60, 96, "#e9dfcf", 4)
    _person(on, sofa + on.chance.uniform(14, 30), 106, 50)
    _person(on, sofa + on.chance.uniform(44, 76), 112, 60)
    table = on.chance.uniform(4, 130)
    on.box(table, 92, table + 26, 95, WOOD)
    on.box(table + 8, 84, table + 16, 92, "#c8553d", 1)


def _cars(on: Sketch) -> None:
    _outside(on, on.chance.uniform(56, 70))
    on.box(0, 84, WIDTH, HEIGHT, "#8b9096")
    for place in range(on.chance.randint(2, 3)):
        x, color = on.chance.uniform(-10, 14) + place * 54, on.chance.choice(SHIRTS)
        on.line(WHITE, 1.5, (x - 4, 114), (x + 4, 86))
        on.shape(color, (x + 10, 90), (x + 17, 78), (x + 34, 78), (x + 42, 90))
        on.box(x + 3, 88, x + 47, 102, color, 4)
        for wheel in (13, 38):
            on.dot(x + wheel, 102, 5, INK)
    _person(on, on.chance.uniform(20, 140), 116, 58, "#e8822e")


def _meeting(on: Sketch) -> None:
    on.box(0, 0, WIDTH, HEIGHT, on.chance.choice(WALLS))
    x = on.chance.uniform(14, 60)
    on.box(x - 2, 10, x + 82, 58, WOOD)
    on.box(x, 12, x + 80, 56, on.chance.choice(("#2f5d50", "#f6f4ee", "#34495e")))
    for row in range(4):
        on.line("#c9d2cf", 1.5, (x + 8, 20 + row * 9), (x + on.chance.uniform(30, 72), 20 + row * 9))
    _person(on, x + on.chance.choice((-6, 88)), 84, 56)
    for place in range(on.chance.randint(4, 6)):
        _person(on, 14 + place * on.chance.uniform(22, 28), 128, 48)


def _books(on: Sketch) -> None:
    on.box(0, 0, WIDTH, HEIGHT, on.chance.choice(WALLS))
    for shelf in (34, 68):
        x = on.chance.uniform(2, 10)
        while x < 150:
            wide, tall = on.chance.uniform(4, 9), on.chance.uniform(16, 28)
            on.box(x, shelf - tall, x + wide, shelf, on.chance.choice(SHIRTS))
            x += wide + on.chance.choice((0.5, 0.5, 6))
        on.box(0, shelf, WIDTH, shelf + 3, WOOD)
    _person(on, on.chance.uniform(30, 130), 116, 60)
    x = on.chance.uniform(20, 110)
    on.box(x, 104, x + 34, 110, WHITE, 1)


# By the code of the rule; what has none shows one of three.
SCENES: dict[str, Callable[[Sketch], None]] = {
    **dict.fromkeys(("B-01",), _patrol),
    **dict.fromkeys(("C-01", "SX-02", "A-03", "C-06"), _clean_up),
    **dict.fromkeys(("C-03", "HJ-05"), _bins),
    **dict.fromkeys(("A-01", "A-04", "XF-07", "SX-03", "SX-05"), _visit),
    **dict.fromkeys(("B-03",), _cars),
    **dict.fromkeys(("B-02", "B-07", "ZC-01", "ZC-02", "ZC-03", "ZC-04", "FZ-01"), _meeting),
    **dict.fromkeys(("C-02", "C-04"), _books),
}
