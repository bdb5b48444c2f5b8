"""Races at the feed: a like counts once and an entry is taken off once, however often it is asked for at the same moment."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from kernel import clock
from kernel.database import execute, first
from people import messages
from tests.cast import Cast
from tests.races.harness import dawdle, race, tally

FINGERS = 24
WHY = {"reason": "照片里有别人的孩子"}


def test_24_likes_of_one_resident_at_once_count_once(cast: Cast, rounds: range) -> None:
    for _ in rounds:
        entry, resident = cast.give(cast.grandmother, 5), cast.resident()
        answers = race(FINGERS, lambda _, entry=entry, resident=resident: resident.post(f"/feed/{entry}/like"))
        assert tally(answers) == {(200, ""): FINGERS}
        assert {(answer.json["likes"], answer.json["liked"]) for answer in answers} == {(1, True)}
        assert cast.grandmother.get("/feed?limit=1").json["items"][0]["likes"] == 1


@pytest.fixture
def likes_without_a_key(superuser: psycopg.Connection) -> Iterator[None]:
    """Likes as a table would keep them that does not know who likes what only once."""
    superuser.execute("CREATE TABLE naive_likes (entry_id uuid, resident_id uuid)")
    superuser.execute("GRANT ALL ON naive_likes TO defen_app")
    yield
    superuser.execute("DROP TABLE naive_likes")


def test_likes_that_look_before_they_write_count_many_times(cast: Cast, likes_without_a_key: None) -> None:
    values = {"entry": UUID(cast.give(cast.grandmother, 5)), "resident": UUID(cast.volunteer.id)}
    mine = text("SELECT FROM naive_likes WHERE entry_id = :entry AND resident_id = :resident")

    def naive_like() -> None:
        if first(mine, **values) is None:
            dawdle()
            execute(text("INSERT INTO naive_likes VALUES (:entry, :resident)"), **values)

    race(FINGERS, lambda _: cast.in_app(naive_like))
    assert cast.in_app(lambda: execute(mine, **values).rowcount) > 1


def test_likes_of_24_residents_at_once_all_count_and_what_each_takes_back_is_gone(cast: Cast) -> None:
    entry, residents = cast.give(cast.grandmother, 5), [cast.resident() for _ in range(FINGERS)]
    race(FINGERS, lambda n: residents[n].post(f"/feed/{entry}/like"))
    assert cast.grandmother.get("/feed").json["items"][0]["likes"] == FINGERS
    race(FINGERS, lambda n: residents[n].call("DELETE" if n % 2 else "POST", f"/feed/{entry}/like"))
    assert cast.grandmother.get("/feed").json["items"][0]["likes"] == FINGERS / 2


def test_an_entry_is_taken_off_once_and_its_resident_told_once(cast: Cast, rounds: range) -> None:
    for _ in rounds:
        resident, staff = cast.resident(), [cast.reviewer, cast.admin]
        path = f"/staff/feed/{cast.give(resident, 5)}/take-off"
        answers = race(16, lambda n, path=path, staff=staff: staff[n % 2].post(path, WHY))
        assert tally(answers) == {(200, ""): 1, (409, "already_taken_off"): 15}
        kinds = [message["kind"] for message in resident.get("/me/messages").json["items"]]
        assert kinds.count("feed.taken_off") == 1


def test_taking_off_that_looks_before_it_writes_tells_the_resident_many_times(cast: Cast) -> None:
    entry, resident_id = UUID(cast.give(cast.grandmother, 5)), UUID(cast.grandmother.id)

    def naive_take_off() -> bool:
        shown = first(text("SELECT FROM feed_entries WHERE id = :id AND off_at IS NULL"), id=entry)
        dawdle()
        if shown is None:
            return False
        execute(text("UPDATE feed_entries SET off_at = :now, off_reason = '……' WHERE id = :id"), id=entry, now=clock.now())
        messages.tell(resident_id, "feed.taken_off", "您的一条公示已撤下", "……", "deed", entry)
        return True

    assert race(16, lambda _: cast.in_app(naive_take_off)).count(True) > 1
    kinds = [message["kind"] for message in cast.grandmother.get("/me/messages").json["items"]]
    assert kinds.count("feed.taken_off") > 1
