"""Codes: 18 digits that a QR picture holds, and that change every half minute."""

import io
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from kernel import clock, codes
from tests.answers import MONDAY, after, refused_fields
from tests.cast import Caller, Cast


@pytest.fixture
def order(cast: Cast) -> str:
    """An order of the grandmother's, placed on Monday at ten; its path."""
    cast.give(cast.grandmother, 100)
    assert cast.barber
    with clock.stopped_at(MONDAY):
        return f"/orders/{cast.order(cast.grandmother)}"


def read(picture: Image.Image) -> str:
    """What a real decoder reads."""
    found = zxingcpp.read_barcodes(picture)
    assert len(found) == 1
    return str(found[0].text)


def draw(svg: str) -> Image.Image:
    """The picture that an SVG of squares stands for."""
    squares = [tuple(map(float, square)) for square in re.findall(r"M([\d.]+),([\d.]+)H([\d.]+)V([\d.]+)H\1z", svg)]
    assert len(squares) > 100
    left, top, width, height = map(float, re.search(r'viewBox="([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)"', svg).groups())  # type: ignore[union-attr]
    scale = 400 / width
    picture = Image.new("L", (400, round(height * scale)), "white")
    for x, y, right, bottom in squares:
        box = [(x - left) * scale, (y - top) * scale, (right - left) * scale - 1, (bottom - top) * scale - 1]
        ImageDraw.Draw(picture).rectangle(box, fill="black")
    return picture


def check(token: str) -> None:
    assert re.fullmatch(r"87\d{16}", token, re.ASCII)
    assert codes.check_digit(token[:-1]) == token[-1]


def test_a_code_is_eighteen_digits_good_for_a_minute_and_a_half(cast: Cast, order: str) -> None:
    with clock.stopped_at(after(seconds=47)):
        shown = cast.grandmother.get(f"{order}/code")
    assert (shown.status_code, shown.json.keys()) == (200, {"token", "expires_at", "refresh_after_s"})
    check(shown.json["token"])
    assert shown.json["refresh_after_s"] == 13
    assert shown.json["expires_at"] == "2025-03-03T10:02:00+08:00"
    assert shown.headers["Cache-Control"] == "no-store"


def test_a_code_stays_the_same_for_its_step_and_changes_with_the_next(cast: Cast, order: str) -> None:
    tokens = []
    for seconds in (0, 29.9, 30, 60):
        with clock.stopped_at(after(seconds=seconds)):
            tokens.append(cast.grandmother.get(f"{order}/code").json["token"])
    assert tokens[0] == tokens[1]
    assert len(set(tokens)) == 3


@pytest.mark.parametrize("count", [1, 5, 20])
def test_codes_ahead_begin_with_the_present_one_and_follow_without_a_gap(cast: Cast, order: str, count: int) -> None:
    with clock.stopped_at(after(seconds=10)):
        shown = cast.grandmother.get(f"{order}/code?ahead={count}").json
    assert shown.keys() == {"token", "expires_at", "refresh_after_s", "codes"}
    found = shown["codes"]
    assert len(found) == count
    assert all(code.keys() == {"token", "valid_from", "expires_at"} for code in found)
    assert (found[0]["token"], found[0]["expires_at"]) == (shown["token"], shown["expires_at"])
    starts = [datetime.fromisoformat(code["valid_from"]) for code in found]
    assert starts == [MONDAY + timedelta(seconds=30 * place) for place in range(count)]
    assert all(
        datetime.fromisoformat(c["expires_at"]) - start == timedelta(seconds=90) for c, start in zip(found, starts, strict=True)
    )
    assert len({code["token"] for code in found}) == count
    for code, start in zip(found, starts, strict=True):
        with clock.stopped_at(start):
            assert cast.grandmother.get(f"{order}/code").json["token"] == code["token"]


def test_more_than_twenty_codes_ahead_or_none_are_refused(cast: Cast, order: str) -> None:
    for path in (f"{order}/code", "/me/code"):
        for ahead in ("0", "21", "-1", "many", "1.5"):
            refused_fields(cast.grandmother.get(path, query_string={"ahead": ahead}), "ahead")


def test_the_pictures_hold_exactly_the_digits(cast: Cast, order: str) -> None:
    for path in (f"{order}/code", "/me/code"):
        with clock.stopped_at(after(minutes=3)):
            token = cast.grandmother.get(path).json["token"]
            png, svg = cast.grandmother.get(f"{path}.png"), cast.grandmother.get(f"{path}.svg")
        assert (png.status_code, png.content_type) == (200, "image/png")
        assert svg.status_code == 200
        assert svg.content_type.startswith("image/svg+xml")
        picture = Image.open(io.BytesIO(png.data))
        assert read(picture) == token
        assert read(draw(svg.text)) == token
        assert picture.size == (290, 290), "21 modules and a quiet zone of four on each side, ten pixels each"
        assert "<script" not in svg.text
        for answer in (png, svg):
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_resident_has_a_code_of_his_own_that_is_no_orders(cast: Cast, order: str) -> None:
    with clock.stopped_at(after(minutes=5)):
        mine = cast.grandmother.get("/me/code?ahead=2").json
        ordered = cast.grandmother.get(f"{order}/code").json
        others = cast.volunteer.access_token and None
    assert others is None
    assert mine.keys() == {"token", "expires_at", "refresh_after_s", "codes"}
    for code in mine["codes"]:
        check(code["token"])
    # The first resident and the first order have the same number: only their digests tell them apart.
    assert mine["token"][:10] == ordered["token"][:10]
    assert mine["token"] != ordered["token"]


def test_two_residents_have_different_codes(cast: Cast) -> None:
    callers: list[Caller] = [cast.grandmother, cast.volunteer]
    tokens: list[Any] = [caller.get("/me/code").json["token"] for caller in callers]
    assert tokens[0][2:10] != tokens[1][2:10]


def test_every_wrong_digit_shows_in_the_check_digit(cast: Cast, order: str) -> None:
    with clock.stopped_at(MONDAY):
        token = cast.grandmother.get(f"{order}/code").json["token"]
    for place in range(18):
        for digit in "0123456789":
            changed = token[:place] + digit + token[place + 1 :]
            assert (codes.check_digit(changed[:-1]) == changed[-1]) == (changed == token)
