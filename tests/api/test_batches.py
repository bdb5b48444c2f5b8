"""Many at once: each deed of a batch is decided for itself, with all that a single approval leaves."""

from typing import Any
from uuid import uuid4

import pytest

from tests.answers import contents, refused, refused_fields
from tests.cast import COMMUNITY, Cast

pytestmark = pytest.mark.usefixtures("verified")
PATH = "/staff/deeds/approve"


def test_a_batch_approves_what_it_can_and_names_what_it_cannot(cast: Cast) -> None:
    waiting = [cast.deed(cast.grandmother), cast.deed(cast.volunteer), cast.deed(cast.grandmother)]
    done, foreign, nowhere = cast.give(cast.volunteer, 7), cast.deed(cast.neighbour), str(uuid4())
    answer = cast.reviewer.post(PATH, {"ids": [waiting[2], done, waiting[0], foreign, nowhere, "nonsense", waiting[1]]})
    assert answer.status_code == 200
    assert answer.json == {
        "approved": [waiting[2], waiting[0], waiting[1]],
        "failed": [
            {"id": done, "code": "already_reviewed"},
            {"id": foreign, "code": "not_found"},
            {"id": nowhere, "code": "not_found"},
            {"id": "nonsense", "code": "not_found"},
        ],
    }
    assert (cast.balance(cast.grandmother), cast.balance(cast.volunteer)) == (100, 57)
    assert cast.balance(cast.neighbour) == 0


def test_nobody_approves_his_own_deed_among_others(cast: Cast) -> None:
    own, other = cast.deed(cast.grandmother), cast.deed(cast.volunteer)
    himself = cast.staff("reviewer", COMMUNITY, resident=cast.grandmother)
    answer = himself.post(PATH, {"ids": [own, other]}).json
    assert answer == {"approved": [other], "failed": [{"id": own, "code": "own_deed"}]}
    assert cast.grandmother.get(f"/deeds/{own}").json["status"] == "pending"


def test_each_deed_of_a_batch_leaves_what_a_single_approval_leaves(cast: Cast, superuser: Any) -> None:
    single, first, second = (cast.deed(cast.grandmother) for _ in range(3))
    cast.reviewer.post(f"/staff/deeds/{single}/approve")
    cast.reviewer.post(PATH, {"ids": [first, second]})

    def left(deed: str) -> tuple[Any, ...]:
        return (
            superuser.execute("SELECT action, details FROM audit_log WHERE subject_id = %s ORDER BY id", (deed,)).fetchall(),
            superuser.execute("SELECT action, by, note FROM deed_steps WHERE deed_id = %s ORDER BY id", (deed,)).fetchall(),
            superuser.execute("SELECT kind, amount, title FROM transfers WHERE source_id = %s", (deed,)).fetchall(),
            superuser.execute("SELECT count(*) FROM feed_entries WHERE id = %s", (deed,)).fetchall(),
        )

    assert left(first) == left(second) == left(single)
    assert len(left(first)[2]) == 1


def test_a_deed_that_fails_leaves_nothing(cast: Cast, superuser: Any) -> None:
    done = cast.give(cast.grandmother, 7)
    _ = cast.reviewer
    before = contents(superuser)
    assert cast.reviewer.post(PATH, {"ids": [done, str(uuid4())]}).json["approved"] == []
    assert contents(superuser) == before


def test_a_batch_sent_again_credits_nothing_more(cast: Cast) -> None:
    body = {"ids": [cast.deed(cast.grandmother), cast.deed(cast.grandmother)]}
    first, replayed = (cast.reviewer.post(PATH, body, key="batch") for _ in range(2))
    assert replayed.json == first.json
    assert replayed.headers["Idempotent-Replayed"] == "true"
    again = cast.reviewer.post(PATH, body).json
    assert again == {"approved": [], "failed": [{"id": deed, "code": "already_reviewed"} for deed in body["ids"]]}
    assert cast.balance(cast.grandmother) == 100


def test_an_id_that_is_named_twice_counts_once(cast: Cast) -> None:
    deed = cast.deed(cast.grandmother)
    assert cast.reviewer.post(PATH, {"ids": [deed, deed]}).json == {"approved": [deed], "failed": []}
    assert cast.balance(cast.grandmother) == 50


def test_a_batch_that_makes_no_sense_is_refused(cast: Cast) -> None:
    refused_fields(cast.reviewer.post(PATH, {}), "ids")
    refused_fields(cast.reviewer.post(PATH, {"ids": "all"}), "ids")
    refused_fields(cast.reviewer.post(PATH, {"ids": [5]}), "ids.0")
    refused_fields(cast.reviewer.post(PATH, {"ids": [str(uuid4()) for _ in range(101)]}), "ids")
    refused_fields(cast.reviewer.post(PATH, {"ids": [], "points": 500}), "points")
    refused(cast.staff("grid_worker", COMMUNITY).post(PATH, {"ids": []}), 403, "wrong_role")
