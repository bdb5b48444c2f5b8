"""One deed as a reviewer sees it, and what its resident did before."""

from uuid import uuid4

import pytest

from tests.answers import refused
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("verified")


def test_a_deed_is_shown_with_the_history_of_its_resident(cast: Cast) -> None:
    approved = [cast.give(cast.grandmother, 30), cast.give(cast.grandmother, 20)]
    rejected, returned, again = cast.deed(cast.grandmother), cast.returned(cast.grandmother), cast.returned(cast.grandmother)
    cast.reviewer.post(f"/staff/deeds/{rejected}/reject", {"reason": "不属实"})
    cast.grandmother.patch(f"/deeds/{again}", {})
    cast.give(cast.volunteer, 99)
    deed = cast.deed(cast.grandmother)
    shown = cast.reviewer.get(f"/staff/deeds/{deed}").json
    queued = {each["id"]: each for each in cast.reviewer.get("/staff/deeds").json["items"]}
    history = shown.pop("history")
    assert shown == queued[deed]
    assert [each["id"] for each in history["last"]] == [again, returned, rejected, *reversed(approved)]
    assert history["last"] == [queued[each["id"]] for each in history["last"]]
    del history["last"]
    assert history == {"approved": 2, "rejected": 1, "returned": 2, "points": 50}


def test_a_newcomer_has_no_history_and_a_long_one_is_cut(cast: Cast) -> None:
    first = cast.deed(cast.grandmother)
    nothing = {"approved": 0, "rejected": 0, "returned": 0, "points": 0, "last": []}
    assert cast.reviewer.get(f"/staff/deeds/{first}").json["history"] == nothing
    others = [cast.deed(cast.grandmother) for _ in range(12)]
    last = cast.reviewer.get(f"/staff/deeds/{first}").json["history"]["last"]
    assert [each["id"] for each in last] == others[:1:-1]


def test_an_auditor_sees_a_history_with_masked_names_only(cast: Cast) -> None:
    cast.give(cast.grandmother, 30)
    deed = cast.deed(cast.grandmother)
    answer = cast.auditor.get(f"/staff/deeds/{deed}")
    assert answer.json["history"]["last"][0]["resident"]["name"] == "李**"
    assert "李秀英" not in answer.text


def test_a_deed_of_another_community_does_not_exist(cast: Cast) -> None:
    deed = cast.deed(cast.grandmother)
    nowhere = refused(cast.neighbour_staff.get(f"/staff/deeds/{uuid4()}"), 404, "not_found")
    assert refused(cast.neighbour_staff.get(f"/staff/deeds/{deed}"), 404, "not_found") == nowhere
    refused(cast.grandmother.get(f"/staff/deeds/{deed}"), 403, "wrong_role")


def test_the_queue_is_filtered_by_resident_and_channel(cast: Cast) -> None:
    own, entered, other = cast.deed(cast.grandmother), cast.entered(cast.grandmother), cast.deed(cast.volunteer)

    def queue(**query: str) -> list[str]:
        return [deed["id"] for deed in cast.reviewer.get("/staff/deeds", query_string=query).json["items"]]

    assert queue(resident_id=cast.grandmother.id) == [own, entered]
    assert queue(channel="phone") == [entered]
    assert queue(channel="self") == [own, other]
    assert queue(channel="self", resident_id=cast.volunteer.id) == [other]
    assert queue(resident_id=str(uuid4())) == queue(resident_id="nobody") == []
