"""Flags: what a reviewer should look at twice, pictures that look alike above all."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from PIL import Image, ImageEnhance

from kernel import clock
from tests.cast import Caller, Cast, as_file, photo, scene
from tests.web.test_statements_count import counted

ORIGINAL = scene(1)
COPIES = {
    "smaller": ORIGINAL.resize((213, 160)),
    "brighter": ImageEnhance.Brightness(ORIGINAL).enhance(1.2),
    "darker": ImageEnhance.Brightness(ORIGINAL).enhance(0.75),
    "cropped": ORIGINAL.crop((10, 7, 630, 473)),
    "grey": ORIGINAL.convert("L"),
}


def shown(cast: Cast, resident: Caller, picture: Image.Image, *, quality: int = 85, days_ago: int = 0) -> str:
    """A deed with a picture; its id."""
    upload = resident.upload(as_file(picture, quality=quality))
    day = str(clock.today() - timedelta(days=days_ago))
    body = {"rule_id": cast.patrol, "occurred_on": day, "description": "巡逻", "upload_ids": [upload]}
    return str(resident.post("/deeds", body).json["id"])


def flags(cast: Cast) -> list[list[str]]:
    return [deed["flags"] for deed in cast.reviewer.get("/staff/deeds?limit=100").json["items"]]


@pytest.mark.parametrize("made", COPIES)
def test_a_picture_made_from_another_ones_is_flagged_on_both(cast: Cast, made: str) -> None:
    shown(cast, cast.grandmother, ORIGINAL)
    shown(cast, cast.volunteer, COPIES[made])
    assert flags(cast) == [["similar_photo"], ["similar_photo"]]


def test_a_picture_that_was_saved_anew_is_flagged_and_the_same_file_is_a_duplicate(cast: Cast) -> None:
    shown(cast, cast.grandmother, ORIGINAL)
    shown(cast, cast.volunteer, ORIGINAL, quality=35)
    assert flags(cast) == [["similar_photo"], ["similar_photo"]]
    shown(cast, cast.resident(), ORIGINAL)
    assert flags(cast) == [["duplicate_photo", "similar_photo"], ["similar_photo"], ["duplicate_photo", "similar_photo"]]


def test_pictures_of_different_things_are_not_flagged(cast: Cast) -> None:
    for seed in range(1, 25):
        shown(cast, cast.resident(), scene(seed))
    assert flags(cast) == [[]] * 24


def test_plain_pictures_are_not_all_alike(cast: Cast) -> None:
    for color in ("white", "black", "green", "#808080"):
        shown(cast, cast.resident(), Image.open(photo(color)))
    shown(cast, cast.resident(), Image.linear_gradient("L"))
    shown(cast, cast.resident(), Image.linear_gradient("L").resize((300, 200)))
    assert flags(cast) == [[]] * 6


def test_a_picture_is_compared_within_its_community_and_within_400_days(cast: Cast, superuser: Any) -> None:
    shown(cast, cast.grandmother, ORIGINAL)
    other = shown(cast, cast.volunteer, COPIES["smaller"])
    rule = cast.rule("500104101010")
    upload = cast.neighbour.upload(as_file(COPIES["brighter"]))
    body = {"rule_id": rule, "occurred_on": str(clock.today()), "description": "巡逻", "upload_ids": [upload]}
    cast.neighbour.post("/deeds", body)
    assert [deed["flags"] for deed in cast.neighbour_staff.get("/staff/deeds").json["items"]] == [[]]
    for days, flagged in ((400, ["similar_photo"]), (401, [])):
        superuser.execute("UPDATE deeds SET occurred_on = %s WHERE id = %s", (clock.today() - timedelta(days=days), other))
        assert flags(cast) == [flagged, flagged]


def test_what_was_withdrawn_is_like_nothing_and_new_photos_are_compared_anew(cast: Cast) -> None:
    first = shown(cast, cast.grandmother, ORIGINAL)
    second = shown(cast, cast.volunteer, COPIES["darker"])
    cast.reviewer.post(f"/staff/deeds/{second}/return", {"reason": "请换一张"})
    cast.volunteer.patch(f"/deeds/{second}", {"upload_ids": [cast.volunteer.upload(as_file(scene(2)))]})
    assert flags(cast) == [[], []]
    shown(cast, cast.resident(), COPIES["smaller"])
    cast.grandmother.post(f"/deeds/{first}/withdraw")
    assert flags(cast)[1:] == [[], []]


def test_more_than_five_deeds_declared_on_one_day_are_a_burst(cast: Cast) -> None:
    for days in range(5):
        cast.deed(cast.grandmother, occurred_on=clock.today() - timedelta(days=days))
    cast.deed(cast.volunteer)
    assert flags(cast) == [[]] * 6
    sixth = cast.deed(cast.grandmother, occurred_on=clock.today() - timedelta(days=6))
    assert flags(cast) == [["burst"]] * 5 + [[], ["burst"]]
    cast.grandmother.post(f"/deeds/{sixth}/withdraw")
    assert flags(cast)[:5] == [[]] * 5


def test_a_page_of_the_queue_takes_the_same_number_of_statements_however_long_it_is(cast: Cast, app: Flask) -> None:
    for seed in range(6):
        shown(cast, cast.resident(), scene(seed))
    assert flags(cast) == [[]] * 6
    sent = []
    for limit in (1, 6):
        with counted(app) as statements:
            assert len(cast.reviewer.get(f"/staff/deeds?limit={limit}").json["items"]) == limit
        sent.append(len(statements))
    assert sent[0] == sent[1] <= 10
