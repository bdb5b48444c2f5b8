"""The feed: approved deeds for all in the community to see and like, the doer named as he chooses, until staff take one off."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from kernel import clock, uploads
from points import feed
from tests.answers import SHANGHAI, contents, refused, refused_fields
from tests.cast import NEXT_COMMUNITY, TOWN, Caller, Cast, photo

pytestmark = pytest.mark.usefixtures("verified")
KEYS = {
    "id",
    "kind",
    "category",
    "title",
    "description",
    "photos",
    "resident_masked",
    "occurred_on",
    "likes",
    "liked",
}
WHY = {"reason": "照片里有别人的孩子"}


def shown(caller: Caller, path: str = "/feed", **query: Any) -> list[str]:
    """The ids of the entries that somebody sees."""
    answer = caller.get(path, query_string=query)
    assert answer.status_code == 200
    return [entry["id"] for entry in answer.json["items"]]


def named(cast: Cast) -> str:
    return str(cast.volunteer.get("/feed?limit=1").json["items"][0]["resident_masked"])


def donation(cast: Cast, resident: Caller) -> str:
    """Something given for points, as the points shop publishes it; its id."""
    given = UUID(cast.deed(resident))  # any id will do
    values = {"category": "物资捐赠", "title": "捐赠大米", "description": "大米 10 斤", "occurred_on": clock.today()}
    community_code, resident_id = resident.actor.community_code, resident.actor.id
    cast.in_app(lambda: feed.publish("donation", given, community_code=community_code, resident_id=resident_id, **values))
    return str(given)


# --- who sees what -------------------------------------------------------------------------------------------------------------


def test_an_approved_deed_is_shown_to_all_in_the_community_with_its_photos(cast: Cast) -> None:
    stored = cast.in_app(lambda: uploads.store(cast.grandmother.actor.id, photo()))
    deed = cast.deed(cast.grandmother, description="夜里巡逻", upload_ids=[stored.id])
    assert shown(cast.volunteer) == []
    cast.reviewer.post(f"/staff/deeds/{deed}/approve")
    (entry,) = cast.volunteer.get("/feed").json["items"]
    assert entry.keys() == KEYS
    (picture,) = entry.pop("photos")
    assert entry == {
        "id": deed,
        "kind": "deed",
        "category": "社区治理",
        "title": "参加治安巡逻",
        "description": "夜里巡逻",
        "resident_masked": "李**",
        "occurred_on": str(clock.today()),
        "likes": 0,
        "liked": False,
    }
    assert (picture["id"], picture["width"], picture["height"]) == (str(stored.id), 320, 240)
    assert cast.nobody.get(picture["url"]).mimetype == "image/jpeg"


def test_what_is_not_approved_is_not_shown(cast: Cast) -> None:
    for decision in ("reject", "return"):
        cast.reviewer.post(f"/staff/deeds/{cast.deed(cast.grandmother)}/{decision}", {"reason": "不符"})
    cast.deed(cast.grandmother)
    assert shown(cast.grandmother) == []


def test_the_feed_is_that_of_ones_own_community(cast: Cast) -> None:
    ours = cast.give(cast.grandmother, 5)
    theirs = cast.deed(cast.neighbour)
    cast.neighbour_staff.post(f"/staff/deeds/{theirs}/approve")
    assert shown(cast.volunteer) == [ours]
    assert shown(cast.neighbour) == [theirs]


def test_the_newest_comes_first_whenever_the_deed_was_declared_and_pages_go_on(cast: Cast) -> None:
    declared = [cast.deed(cast.grandmother) for _ in range(5)]
    approved = [declared[n] for n in (2, 0, 4, 1, 3)]
    for deed in approved:
        cast.reviewer.post(f"/staff/deeds/{deed}/approve")
    first = cast.volunteer.get("/feed?limit=3").json
    cast.give(cast.grandmother, 5)  # what comes in between shifts nothing
    rest = cast.volunteer.get("/feed", query_string={"limit": 3, "cursor": first["next"]}).json
    assert [entry["id"] for entry in first["items"] + rest["items"]] == approved[::-1]
    assert rest["next"] is None


def test_the_feed_is_filtered_by_kind_and_category(cast: Cast) -> None:
    patrol = cast.give(cast.grandmother, 5)
    clean = cast.deed(cast.volunteer, rule_id=cast.rule(title="打扫楼道", category="清洁家园"))
    cast.reviewer.post(f"/staff/deeds/{clean}/approve")
    given = donation(cast, cast.grandmother)
    assert shown(cast.volunteer) == [given, clean, patrol]
    assert shown(cast.volunteer, kind="deed") == [clean, patrol]
    assert shown(cast.volunteer, kind="donation") == [given]
    assert shown(cast.volunteer, category="清洁家园") == [clean]
    assert shown(cast.volunteer, category="清洁家园", kind="donation") == []
    assert shown(cast.volunteer, category="没有的") == []
    refused_fields(cast.volunteer.get("/feed?kind=snapshot"), "kind")
    refused_fields(cast.volunteer.get("/feed?cursor=nonsense"), "cursor")


def test_the_doer_is_named_as_he_chooses_now_whatever_he_chose_before(cast: Cast, superuser: psycopg.Connection) -> None:
    cast.give(cast.grandmother, 5)
    for choice, name in (("full", "李秀英"), ("hidden", "一位居民"), ("masked", "李**")):
        superuser.execute("UPDATE residents SET name_shown = %s WHERE id = %s", (choice, cast.grandmother.id))
        assert named(cast) == name


def test_a_child_is_never_named(cast: Cast, superuser: psycopg.Connection) -> None:
    cast.give(cast.grandmother, 5)
    today = clock.today()
    born = "UPDATE residents SET name_shown = 'full', born_on = %s WHERE id = %s"
    superuser.execute(born, (today.replace(year=today.year - 10, day=1), cast.grandmother.id))
    assert named(cast) == "一位小居民"
    superuser.execute(born, (today.replace(year=today.year - 72, day=1), cast.grandmother.id))
    assert named(cast) == "李秀英"


def test_who_has_left_is_not_named(cast: Cast, superuser: psycopg.Connection) -> None:
    cast.give(cast.grandmother, 5)
    superuser.execute("UPDATE residents SET name_shown = 'full', left_at = now() WHERE id = %s", (cast.grandmother.id,))
    assert named(cast) == "一位居民"


# --- likes ---------------------------------------------------------------------------------------------------------------------


def test_a_like_counts_once_and_can_be_taken_back(cast: Cast) -> None:
    deed = cast.give(cast.grandmother, 5)
    path = f"/feed/{deed}/like"
    assert cast.volunteer.post(path).json == {"likes": 1, "liked": True}
    assert cast.volunteer.post(path, {}).json == {"likes": 1, "liked": True}
    assert cast.grandmother.post(path).json == {"likes": 2, "liked": True}
    (entry,) = cast.volunteer.get("/feed").json["items"]
    assert (entry["likes"], entry["liked"]) == (2, True)
    for _ in range(2):
        answer = cast.volunteer.call("DELETE", path)
        assert (answer.status_code, answer.json) == (200, {"likes": 1, "liked": False})
    (entry,) = cast.volunteer.get("/feed").json["items"]
    assert (entry["likes"], entry["liked"]) == (1, False)


def test_what_is_not_shown_to_somebody_he_cannot_like(cast: Cast, superuser: psycopg.Connection) -> None:
    waiting, ours, off = cast.deed(cast.grandmother), cast.give(cast.grandmother, 5), cast.give(cast.grandmother, 5)
    cast.volunteer.post(f"/feed/{off}/like")
    cast.reviewer.post(f"/staff/feed/{off}/take-off", WHY)
    assert cast.neighbour.get("/feed").status_code == 200
    before = contents(superuser)
    for caller, entry in ((cast.volunteer, waiting), (cast.neighbour, ours), (cast.volunteer, off), (cast.volunteer, "nonsense")):
        for method in ("POST", "DELETE"):
            refused(caller.call(method, f"/feed/{entry}/like"), 404, "not_found")
    assert contents(superuser) == before


# --- taking off ----------------------------------------------------------------------------------------------------------------


def test_staff_take_an_entry_off_once_with_a_reason_and_the_resident_is_told(cast: Cast, superuser: psycopg.Connection) -> None:
    deed, other = cast.give(cast.grandmother, 5), cast.give(cast.grandmother, 6)
    answer = cast.reviewer.post(f"/staff/feed/{deed}/take-off", WHY)
    assert answer.status_code == 200
    assert answer.json.keys() == KEYS | {"community_code", "resident", "off"}
    assert (answer.json["off"]["by"], answer.json["off"]["reason"]) == ("小林", WHY["reason"])
    assert shown(cast.volunteer) == [other]
    assert cast.balance(cast.grandmother) == 11  # the points stay
    told = cast.grandmother.get("/me/messages").json["items"][0]
    assert (told["kind"], told["source"]) == ("feed.taken_off", {"type": "deed", "id": deed})
    assert WHY["reason"] in told["body"]
    assert "小林" not in told["body"]
    before = contents(superuser)
    refused(cast.admin.post(f"/staff/feed/{deed}/take-off", WHY), 409, "already_taken_off")
    refused_fields(cast.admin.post(f"/staff/feed/{other}/take-off", {}), "reason")
    assert contents(superuser) == {**before, "staff": contents(superuser)["staff"], **_of_admin(superuser)}
    query = "SELECT actor_id::text, community_code, details FROM audit_log WHERE action = 'feed.take_off'"
    assert superuser.execute(query).fetchall() == [(cast.reviewer.id, "500104101009", None)]


def _of_admin(superuser: psycopg.Connection) -> dict[str, str | None]:
    """What came to be when the admin was first named."""
    now = contents(superuser)
    return {table: now[table] for table in ("logins", "sessions", "refresh_tokens", "audit_log")}


def test_an_entry_taken_off_and_asked_for_again_with_its_key_gets_the_first_answer(cast: Cast) -> None:
    path = f"/staff/feed/{cast.give(cast.grandmother, 5)}/take-off"
    first, again = (cast.reviewer.post(path, WHY, key="off") for _ in range(2))
    assert (again.status_code, again.json, again.headers["Idempotent-Replayed"]) == (200, first.json, "true")


def test_staff_see_what_was_taken_off_too_when_by_whom_and_why(cast: Cast) -> None:
    kept, off = cast.give(cast.grandmother, 5), cast.give(cast.volunteer, 5)
    with clock.stopped_at(clock.now()):
        cast.reviewer.post(f"/staff/feed/{off}/take-off", WHY)
        at = clock.now().astimezone(SHANGHAI).isoformat()
    assert shown(cast.reviewer, "/staff/feed") == [off, kept]
    assert shown(cast.reviewer, "/staff/feed", off="true") == [off]
    assert shown(cast.reviewer, "/staff/feed", off="false") == [kept]
    first, second = cast.reviewer.get("/staff/feed").json["items"]
    assert first["off"] == {"at": at, "by": "小林", **WHY}
    assert second["off"] is None
    assert first["resident"] == {"id": cast.volunteer.id, "name": "陈晨"}
    assert cast.auditor.get("/staff/feed").json["items"][0]["resident"]["name"] == "陈*"


def test_a_deed_that_does_not_count_any_more_is_taken_off_by_the_product_itself(cast: Cast) -> None:
    deed = cast.give(cast.grandmother, 5)
    told = len(cast.grandmother.get("/me/messages").json["items"])
    for reason in ("善行已撤销", "又一次"):
        cast.in_app(lambda reason=reason: feed.take_off_silently(UUID(deed), reason))
    assert shown(cast.volunteer) == []
    (entry,) = cast.reviewer.get("/staff/feed").json["items"]
    assert (entry["off"]["by"], entry["off"]["reason"]) == (None, "善行已撤销")
    assert len(cast.grandmother.get("/me/messages").json["items"]) == told


def test_staff_put_back_what_staff_took_off_and_the_resident_is_told(cast: Cast) -> None:
    deed = cast.give(cast.grandmother, 5)
    path = f"/staff/feed/{deed}"
    cast.volunteer.post(f"/feed/{deed}/like")
    refused(cast.reviewer.post(f"{path}/put-back"), 409, "not_taken_off")
    cast.reviewer.post(f"{path}/take-off", WHY)
    answer = cast.reviewer.post(f"{path}/put-back")
    assert (answer.status_code, answer.json["off"], answer.json["likes"]) == (200, None, 1)
    assert shown(cast.volunteer) == [deed]
    kinds = [message["kind"] for message in cast.grandmother.get("/me/messages").json["items"]]
    assert kinds[:2] == ["feed.put_back", "feed.taken_off"]
    refused(cast.reviewer.post(f"{path}/put-back"), 409, "not_taken_off")


@pytest.mark.parametrize("by_staff_before", [True, False])
def test_nobody_puts_back_what_does_not_count_any_more(cast: Cast, by_staff_before: bool) -> None:
    deed = cast.give(cast.grandmother, 5)
    if by_staff_before:
        cast.reviewer.post(f"/staff/feed/{deed}/take-off", WHY)
    cast.in_app(lambda: feed.take_off_silently(UUID(deed), "善行已撤销"))
    refused(cast.reviewer.post(f"/staff/feed/{deed}/put-back"), 409, "not_taken_off")
    assert shown(cast.volunteer) == []
    assert cast.reviewer.get("/staff/feed").json["items"][0]["off"]["reason"] == "善行已撤销"


def test_staff_take_off_only_what_lies_in_their_part_of_the_tree(cast: Cast) -> None:
    deed = cast.give(cast.grandmother, 5)
    refused(cast.staff("reviewer", NEXT_COMMUNITY).post(f"/staff/feed/{deed}/take-off", WHY), 404, "not_found")
    for role in ("auditor", "grid_worker"):
        refused(cast.staff(role, "500104101009").post(f"/staff/feed/{deed}/take-off", WHY), 403, "wrong_role")
    assert cast.staff("reviewer", TOWN).post(f"/staff/feed/{deed}/take-off", WHY).status_code == 200
