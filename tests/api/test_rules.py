"""Rules: the positive list, kept by staff, read by residents."""

from datetime import date, timedelta

from kernel import clock
from tests.answers import after, refused, refused_fields
from tests.cast import COMMUNITY, DISTRICT, NEXT_COMMUNITY, TOWN, Caller, Cast

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
        "per_unit": ["是", None],
        "in_force_from": ["2026-2-1", "soon", 5],
        "in_force_to": ["2026-02-30"],
        "version": [3],
    }
    for field, values in wrong.items():
        for value in values:
            refused_fields(cast.admin.post("/staff/rules", {**NEW, field: value}), field)
    assert cast.admin.get("/staff/rules").json["items"] == []


def test_a_limit_that_makes_no_sense_is_refused_by_its_name(cast: Cast) -> None:
    for name, value in (
        ("per_day", 0),
        ("per_week", "3"),
        ("per_month", None),
        ("per_year", 1),
        ("per_day", True),
        ("per_household_month", 0),
    ):
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


def test_a_rule_counts_per_unit_and_for_a_household_and_from_day_to_day(cast: Cast) -> None:
    said = {"unit": "每小时", "per_unit": True, "in_force_from": "2026-01-01", "in_force_to": "2026-12-31"}
    made = cast.admin.post("/staff/rules", {**NEW, **said, "limits": {"per_household_month": 4}})
    assert made.status_code == 201
    assert {name: made.json[name] for name in said} == said
    assert made.json["limits"] == {"per_household_month": 4}
    open_again = cast.admin.patch(f"/staff/rules/{made.json['id']}", {"in_force_to": None}).json
    assert (open_again["in_force_to"], open_again["in_force_from"], open_again["version"]) == (None, "2026-01-01", 2)


def test_terms_that_contradict_each_other_are_refused_with_a_new_rule_and_with_a_change(cast: Cast) -> None:
    backwards = {"in_force_from": "2026-02-01", "in_force_to": "2026-01-31"}
    refused_fields(cast.admin.post("/staff/rules", {**NEW, "per_unit": True}), "unit")
    refused_fields(cast.admin.post("/staff/rules", {**NEW, **backwards}), "in_force_to")
    rule = cast.admin.post("/staff/rules", {**NEW, "unit": "每公斤", "per_unit": True, "in_force_from": "2026-02-01"}).json["id"]
    refused_fields(cast.admin.patch(f"/staff/rules/{rule}", {"unit": None}), "unit")
    refused_fields(cast.admin.patch(f"/staff/rules/{rule}", {"in_force_to": "2026-01-31"}), "in_force_to")
    assert [version["version"] for version in cast.admin.get(f"/staff/rules/{rule}/versions").json["items"]] == [1]


def test_residents_see_the_rules_of_the_day_and_staff_see_all(cast: Cast) -> None:
    days = {"yesterday": -1, "today": 0, "tomorrow": 1}
    resident, admin = cast.grandmother, cast.admin
    with clock.stopped_at(after(hours=13, minutes=30)):  # half past eleven in the evening there, the same day
        day = {name: str(clock.today() + timedelta(days=away)) for name, away in days.items()}
        assert day["today"] == "2025-03-03"
        cast.rule(code="always")
        for name in days:
            cast.rule(code=f"from {name}", in_force_from=date.fromisoformat(day[name]))
            cast.rule(code=f"to {name}", in_force_to=date.fromisoformat(day[name]))
        seen = {rule["code"] for rule in resident.get("/rules").json["items"]}
        assert seen == {"always", "from yesterday", "from today", "to today", "to tomorrow"}
        assert len(admin.get("/staff/rules").json["items"]) == 7
    with clock.stopped_at(after(hours=14, minutes=1)):  # past midnight there
        seen = {rule["code"] for rule in resident.get("/rules").json["items"]}
        assert seen == {"always", "from yesterday", "from today", "from tomorrow", "to tomorrow"}


def test_a_rule_that_is_withdrawn_is_gone_for_residents_and_may_come_back(cast: Cast) -> None:
    rule = cast.rule()
    yesterday = str(clock.today() - timedelta(days=1))
    body = {"rule_id": rule, "occurred_on": str(clock.today()), "description": "巡逻"}
    assert cast.admin.patch(f"/staff/rules/{rule}", {"in_force_to": yesterday}).status_code == 200
    assert cast.grandmother.get("/rules").json["items"] == []
    refused(cast.grandmother.post("/deeds", body), 409, "rule_not_in_force")
    cast.admin.patch(f"/staff/rules/{rule}", {"in_force_to": None})
    assert cast.grandmother.post("/deeds", body).status_code == 201


def test_both_lists_are_filtered_by_words_and_category(cast: Cast) -> None:
    cast.rule(code="B-01", title="参加治安巡逻")
    cast.rule(code="B-02", title="讲解一项政策")
    cast.rule(code="A-01", title="清扫 100% 干净", category="社区建设")
    for caller, path in ((cast.grandmother, "/rules"), (cast.admin, "/staff/rules")):

        def codes(caller: Caller = caller, path: str = path, **query: str) -> list[str]:
            return [rule["code"] for rule in caller.get(path, query_string=query).json["items"]]

        assert codes() == ["A-01", "B-02", "B-01"]
        assert codes(q="B-") == ["B-02", "B-01"]
        assert codes(q="巡逻") == ["B-01"]
        assert codes(q="0%") == ["A-01"]
        assert codes(q="_") == []
        assert codes(category="社区建设") == ["A-01"]
        assert codes(category="社区") == []
        assert codes(category="社区治理", q="政策") == ["B-02"]
        refused_fields(caller.get(path, query_string={"q": "问" * 51}), "q")


def test_all_that_a_rule_ever_said_can_be_read_the_present_first(cast: Cast) -> None:
    rule = cast.admin.post("/staff/rules", NEW).json["id"]
    for points in (60, 70):
        cast.admin.patch(f"/staff/rules/{rule}", {"points": points})
    path = f"/staff/rules/{rule}/versions"
    first = cast.auditor.get(path + "?limit=2").json
    second = cast.auditor.get(path, query_string={"limit": 2, "cursor": first["next"]}).json
    said = [(version["version"], version["points"]) for version in first["items"] + second["items"]]
    assert (said, second["next"]) == ([(3, 70), (2, 60), (1, 50)], None)
    foreign = refused(cast.neighbour_staff.get(path), 404, "not_found")
    assert foreign == refused(cast.neighbour_staff.get(f"/staff/rules/{COMMUNITY}/versions"), 404, "not_found")


def test_a_returned_deed_keeps_the_terms_it_was_declared_under(cast: Cast, verified: None) -> None:
    rule = cast.rule()
    deed = cast.deed(cast.grandmother, rule_id=rule)
    cast.reviewer.post(f"/staff/deeds/{deed}/return", {"reason": "请补照片"})
    cast.admin.patch(f"/staff/rules/{rule}", {"points": 5, "in_force_to": "2026-01-01"})
    assert cast.grandmother.get(f"/deeds/{deed}").json["rule"]["points"] == 50
