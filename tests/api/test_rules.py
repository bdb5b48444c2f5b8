"""Rules: the positive list, kept by staff, read by residents."""

from kernel import clock
from tests.answers import refused, refused_fields
from tests.cast import COMMUNITY, DISTRICT, NEXT_COMMUNITY, TOWN, Cast

NEW = {"code": "A-01", "title": "参加治安巡逻", "category": "社区治理", "points": 50}
KEYS = {"id", "code", "title", "category", "points", "unit", "limits", "evidence_required"}


def test_a_new_rule_is_in_force_at_once_with_the_defaults_of_what_was_not_said(cast: Cast) -> None:
    made = cast.admin.post("/staff/rules", NEW)
    assert made.status_code == 201
    assert made.json.keys() >= KEYS
    assert {name: made.json[name] for name in KEYS - {"id"}} == {**NEW, "unit": None, "limits": {}, "evidence_required": False}
    listed = cast.grandmother.get("/rules").json
    assert (listed["items"], listed["next"]) == ([made.json], None)
    assert cast.admin.get("/staff/rules").json == listed


def test_a_rule_keeps_all_that_was_said(cast: Cast) -> None:
    said = {**NEW, "unit": "次", "limits": {"per_day": 1, "per_week": 3, "per_month": 10}, "evidence_required": True}
    made = cast.admin.post("/staff/rules", said)
    assert {name: made.json[name] for name in KEYS - {"id"}} == said


def test_the_rules_of_a_community_are_its_own(cast: Cast) -> None:
    cast.admin.post("/staff/rules", NEW)
    cast.neighbour_staff.post("/staff/rules", {**NEW, "title": "邻居的规则"})
    assert [rule["title"] for rule in cast.neighbour.get("/rules").json["items"]] == ["邻居的规则"]
    assert [rule["title"] for rule in cast.grandmother.get("/rules").json["items"]] == ["参加治安巡逻"]


def test_rules_are_listed_newest_first(cast: Cast) -> None:
    for code in ("A", "B", "C"):
        cast.rule(code=code)
    assert [rule["code"] for rule in cast.grandmother.get("/rules").json["items"]] == ["C", "B", "A"]


def test_a_second_rule_with_the_same_code_is_refused_in_the_same_community_only(cast: Cast) -> None:
    cast.admin.post("/staff/rules", NEW)
    refused(cast.admin.post("/staff/rules", NEW), 409, "rule_code_taken")
    assert cast.neighbour_staff.post("/staff/rules", NEW).status_code == 201
    assert len(cast.admin.get("/staff/rules").json["items"]) == 1


def test_staff_above_a_community_must_say_which_one(cast: Cast) -> None:
    for scope in (TOWN, DISTRICT):
        staff = cast.staff("admin", scope)
        refused_fields(staff.post("/staff/rules", {**NEW, "code": scope}), "community_code")
        refused_fields(staff.post("/staff/rules", {**NEW, "code": scope, "community_code": TOWN}), "community_code")
        made = staff.post("/staff/rules", {**NEW, "code": scope, "community_code": NEXT_COMMUNITY})
        assert (made.status_code, made.json["community_code"]) == (201, NEXT_COMMUNITY)


def test_a_community_outside_of_ones_part_of_the_tree_does_not_exist(cast: Cast) -> None:
    outside = cast.admin.post("/staff/rules", {**NEW, "community_code": NEXT_COMMUNITY})
    nowhere = cast.admin.post("/staff/rules", {**NEW, "community_code": "599999999999"})
    above = cast.admin.post("/staff/rules", {**NEW, "community_code": TOWN})
    assert refused(outside, 404, "not_found") == refused(nowhere, 404, "not_found") == refused(above, 404, "not_found")
    assert cast.admin.post("/staff/rules", {**NEW, "community_code": COMMUNITY}).status_code == 201


def test_a_rule_that_makes_no_sense_is_refused(cast: Cast) -> None:
    wrong: dict[str, list[object]] = {
        "points": [0, -10, 1.5, "50", True, None, 10**9],
        "code": ["", "   ", 5],
        "title": [None, [], "题" * 61],
        "category": ["类" * 31],
        "evidence_required": ["yes", "true", 1, None],
        "limits": [[], 5, "1", None],
        "unit": [7],
        "version": [3],
    }
    for field, values in wrong.items():
        for value in values:
            refused_fields(cast.admin.post("/staff/rules", {**NEW, field: value}), field)
    assert cast.admin.get("/staff/rules").json["items"] == []


def test_a_limit_that_makes_no_sense_is_refused_by_its_name(cast: Cast) -> None:
    for name, value in (("per_day", 0), ("per_week", "3"), ("per_month", None), ("per_year", 1), ("per_day", True)):
        refused_fields(cast.admin.post("/staff/rules", {**NEW, "limits": {name: value}}), f"limits.{name}")


def test_changed_terms_hold_for_new_deeds_and_old_deeds_keep_theirs(cast: Cast, verified: None) -> None:
    rule = cast.admin.post("/staff/rules", NEW).json["id"]
    old = cast.deed(cast.grandmother, rule_id=rule)
    changed = cast.admin.patch(f"/staff/rules/{rule}", {"points": 80, "title": "夜间巡逻"})
    assert (changed.status_code, changed.json["points"], changed.json["title"]) == (200, 80, "夜间巡逻")
    assert (changed.json["id"], changed.json["code"], changed.json["category"]) == (rule, "A-01", "社区治理")
    new = cast.deed(cast.grandmother, rule_id=rule)
    shown = [cast.grandmother.get(f"/deeds/{deed}").json["rule"] for deed in (old, new)]
    assert shown == [
        {"id": rule, "code": "A-01", "title": "参加治安巡逻", "points": 50},
        {"id": rule, "code": "A-01", "title": "夜间巡逻", "points": 80},
    ]
    assert [cast.reviewer.post(f"/staff/deeds/{deed}/approve").json["points"] for deed in (old, new)] == [50, 80]
    assert cast.balance(cast.grandmother) == 130


def test_limits_change_as_a_whole_and_none_at_all_removes_them(cast: Cast) -> None:
    rule = cast.admin.post("/staff/rules", {**NEW, "limits": {"per_day": 1, "per_week": 2}}).json["id"]
    path = f"/staff/rules/{rule}"
    assert cast.admin.patch(path, {"points": 60}).json["limits"] == {"per_day": 1, "per_week": 2}
    assert cast.admin.patch(path, {"limits": {"per_month": 9}}).json["limits"] == {"per_month": 9}
    assert cast.admin.patch(path, {"limits": {}}).json["limits"] == {}
    body = {"rule_id": rule, "occurred_on": str(clock.today()), "description": "巡逻"}
    assert [cast.grandmother.post("/deeds", body).status_code for _ in range(3)] == [201] * 3


def test_a_rule_of_another_community_cannot_be_changed_and_looks_like_none(cast: Cast) -> None:
    rule = cast.admin.post("/staff/rules", NEW).json["id"]
    foreign = cast.neighbour_staff.patch(f"/staff/rules/{rule}", {"points": 1})
    nowhere = cast.neighbour_staff.patch("/staff/rules/019dd1c0-7a10-7cc3-98c4-dc0c0c07398f", {"points": 1})
    assert refused(foreign, 404, "not_found") == refused(nowhere, 404, "not_found")
    assert cast.admin.get("/staff/rules").json["items"][0]["points"] == 50


def test_only_admins_keep_rules_and_all_staff_see_them(cast: Cast) -> None:
    rule = cast.admin.post("/staff/rules", NEW).json["id"]
    for caller in (cast.reviewer, cast.auditor):
        refused(caller.post("/staff/rules", {**NEW, "code": "B"}), 403, "wrong_role")
        refused(caller.patch(f"/staff/rules/{rule}", {"points": 1}), 403, "wrong_role")
        assert len(caller.get("/staff/rules").json["items"]) == 1
    refused(cast.grandmother.get("/staff/rules"), 403, "wrong_role")
    refused(cast.admin.get("/rules"), 403, "wrong_role")
    assert len(cast.official.get("/staff/rules").json["items"]) == 1


def test_a_rule_sent_again_with_its_key_is_made_once(cast: Cast) -> None:
    first = cast.admin.post("/staff/rules", NEW, key="rule")
    again = cast.admin.post("/staff/rules", NEW, key="rule")
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
