"""People without WeChat: entered by staff, seen by those whose part of the tree they live in, found by whatever is known."""

from typing import Any

import psycopg
import pytest

from kernel import codes
from people import residents
from tests.answers import refused, refused_fields
from tests.cast import COMMUNITY, DISTRICT, NEXT_COMMUNITY, TOWN, Caller, Cast

PHONE = "13983000017"
WANG = {"name": "王大福", "phone": PHONE, "address": "融城路 8 号 2 单元", "born_on": "1950-03-12"}


def place(cast: Cast, name: str = "第一网格", parent: str = COMMUNITY, level: str = "grid", by: Caller | None = None) -> str:
    """A grid or a building; its code."""
    made = (by or cast.admin).post("/staff/divisions", {"parent_code": parent, "name": name, "level": level})
    assert made.status_code == 201, made.text
    return str(made.json["code"])


def entered(staff: Caller, **body: Any) -> str:
    """A person whom staff enter; his id."""
    made = staff.post("/staff/residents", {"name": "王大福", **body})
    assert made.status_code == 201, made.text
    return str(made.json["id"])


def found(staff: Caller, q: str | None = None, **query: Any) -> list[str]:
    answer = staff.get("/staff/residents", query_string=query | ({"q": q} if q else {}))
    assert answer.status_code == 200, answer.text
    return [person["name"] for person in answer.json["items"]]


# --- entering ---------------------------------------------------------------------------------------------------------------


def test_staff_enter_a_person_who_has_a_wallet_at_once(cast: Cast, superuser: psycopg.Connection, verified: None) -> None:
    made = cast.reviewer.post("/staff/residents", WANG)
    assert made.status_code == 201
    assert {name: made.json[name] for name in ("name", "phone", "phone_masked", "address", "born_on")} == {
        **WANG,
        "phone": None,
        "phone_masked": "139****0017",
    }
    assert made.json["community"] == {"code": COMMUNITY, "name": "融城社区"}
    assert made.json["place"]["code"] == COMMUNITY
    assert (made.json["linked"], made.json["confirmed"], made.json["card_number"], made.json["household"]) == (
        False,
        True,
        None,
        None,
    )
    kinds = superuser.execute("SELECT kind FROM accounts WHERE owner = %s ORDER BY 1", (made.json["id"],)).fetchall()
    assert kinds == [("held",), ("wallet",)]
    audited = superuser.execute(
        "SELECT subject_id::text, actor_id::text FROM audit_log WHERE action = 'resident.enter'"
    ).fetchall()
    assert audited == [(made.json["id"], cast.reviewer.id)]


def test_an_entry_sent_again_with_its_key_is_made_once(cast: Cast) -> None:
    first, again = (cast.admin.post("/staff/residents", WANG, key="wang") for _ in range(2))
    assert (again.status_code, again.json) == (201, first.json)
    assert found(cast.admin) == ["王大福"]


def test_where_people_are_counted_one_by_one_no_household_is_taken(cast: Cast) -> None:
    refused_fields(
        cast.admin.post("/staff/residents", {**WANG, "household_id": "019dd1c0-7a10-7cc3-98c4-dc0c0c07398f"}), "household_id"
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("phone", "12345678901"),
        ("phone", "1398300001"),
        ("born_on", "2999-01-01"),
        ("born_on", "2099-01-01"),
        ("born_on", "1850-01-01"),
        ("born_on", "12.3.1950"),
        ("address", "x" * 101),
        ("community_code", TOWN),
        ("wallet", 5),
        ("confirmed", False),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused_by_name(cast: Cast, field: str, value: object) -> None:
    staff = cast.staff("admin", DISTRICT)
    refused_fields(staff.post("/staff/residents", {**WANG, "community_code": COMMUNITY, field: value}), field)
    assert found(staff) == []


def test_an_auditor_enters_and_changes_nobody(cast: Cast) -> None:
    refused(cast.auditor.post("/staff/residents", WANG), 403, "wrong_role")
    refused(cast.auditor.patch(f"/staff/residents/{entered(cast.admin)}", {"name": "李四"}), 403, "wrong_role")


def test_staff_above_the_communities_must_say_which_one(cast: Cast) -> None:
    staff = cast.staff("reviewer", TOWN)
    refused_fields(staff.post("/staff/residents", WANG), "community_code")
    made = staff.post("/staff/residents", {**WANG, "community_code": NEXT_COMMUNITY})
    assert (made.status_code, made.json["community"]["code"]) == (201, NEXT_COMMUNITY)


# --- who sees whom ----------------------------------------------------------------------------------------------------------


def test_staff_below_the_community_put_people_where_they_work_and_see_nobody_else(cast: Cast) -> None:
    grid = place(cast)
    mine, other = (place(cast, name, grid, "building") for name in ("1 栋", "2 栋"))
    head, worker = cast.staff("building_head", mine), cast.staff("grid_worker", grid)
    in_mine = head.post("/staff/residents", {"name": "张三", "community_code": COMMUNITY}).json
    assert (in_mine["place"]["code"], in_mine["community"]["code"]) == (mine, COMMUNITY)
    in_grid = worker.post("/staff/residents", {"name": "李四"}).json
    in_other = worker.post("/staff/residents", {"name": "赵六", "place_code": other}).json
    assert in_other["place"]["path"] == "大渡口区/八桥镇/融城社区/第一网格/2 栋"
    entered(cast.admin, name="钱七")
    assert found(head) == ["张三"]
    assert found(worker) == ["赵六", "李四", "张三"]
    assert found(cast.admin) == ["钱七", "赵六", "李四", "张三"]
    nowhere = head.get("/staff/residents/019dd1c0-7a10-7cc3-98c4-dc0c0c07398f")
    for person in (in_grid["id"], in_other["id"]):
        path = f"/staff/residents/{person}"
        assert head.get(path).data == nowhere.data
        assert head.patch(path, {"name": "甲"}).data == nowhere.data
        assert head.post(f"{path}/card").data == nowhere.data
        assert head.post(f"{path}/confirm").data == nowhere.data
    assert head.post("/staff/residents", {"name": "孙八", "place_code": other}).data == nowhere.data
    assert head.patch(f"/staff/residents/{in_mine['id']}", {"place_code": other}).data == nowhere.data
    assert cast.neighbour_staff.get(f"/staff/residents/{in_mine['id']}").data == nowhere.data


def test_deeds_are_reviewed_by_those_who_see_the_person_where_he_lives(cast: Cast, verified: None) -> None:
    grid, next_grid = place(cast), place(cast, "第二网格")
    ours, theirs = cast.staff("reviewer", grid), cast.staff("reviewer", next_grid)
    deed = cast.deed(cast.grandmother)
    assert ours.get("/staff/deeds").json["items"] == [], "she lives in no grid yet"
    refused(ours.post(f"/staff/deeds/{deed}/approve"), 404, "not_found")
    assert cast.admin.patch(f"/staff/residents/{cast.grandmother.id}", {"place_code": grid}).json["place"]["code"] == grid
    assert [queued["id"] for queued in ours.get("/staff/deeds").json["items"]] == [deed]
    assert theirs.get("/staff/deeds").json["items"] == []
    refused(theirs.post(f"/staff/deeds/{deed}/approve"), 404, "not_found")
    assert ours.post(f"/staff/deeds/{deed}/approve").status_code == 200
    refused(ours.post(f"/staff/deeds/{deed}/approve"), 409, "already_reviewed")


def test_staff_below_a_community_see_its_rules_its_shop_and_its_merchants(cast: Cast) -> None:
    rule, item = cast.patrol, cast.item()
    cast.neighbour_staff.post("/staff/merchants", {"name": "隔壁超市"})
    head = cast.staff("building_head", place(cast, "1 栋", place(cast), "building"))
    assert [shown["id"] for shown in head.get("/staff/rules").json["items"]] == [rule]
    assert [shown["id"] for shown in head.get("/staff/items").json["items"]] == [item]
    assert [shown["name"] for shown in head.get("/staff/merchants").json["items"]] == ["老周理发店"]


# --- looking and masking ------------------------------------------------------------------------------------------------------


def test_a_look_at_one_person_shows_the_phone_number_and_is_on_record(cast: Cast, superuser: psycopg.Connection) -> None:
    person = entered(cast.admin, **WANG)
    assert cast.reviewer.get(f"/staff/residents/{person}").json["phone"] == PHONE
    assert PHONE not in cast.reviewer.get("/staff/residents").text
    looks = superuser.execute("SELECT actor_id::text, subject_id::text FROM audit_log WHERE action = 'resident.look'").fetchall()
    assert looks == [(cast.reviewer.id, person)]


def test_an_auditor_sees_people_masked_and_cannot_look_for_what_is_masked(cast: Cast) -> None:
    grid = place(cast)
    person = entered(cast.admin, **WANG, place_code=grid)
    for shown in (cast.auditor.get("/staff/residents").json["items"][0], cast.auditor.get(f"/staff/residents/{person}").json):
        assert {name: shown[name] for name in ("name", "phone", "phone_masked", "address", "born_on")} == {
            "name": "王**",
            "phone": None,
            "phone_masked": "139****0017",
            "address": None,
            "born_on": None,
        }
    for q in ("王大福", "wdf", "wangdafu", PHONE, "0017", "融城路"):
        assert found(cast.reviewer, q) == ["王大福"], q
        assert found(cast.auditor, q) == [], q
    assert found(cast.auditor, "第一网格") == ["王**"]


# --- searching ----------------------------------------------------------------------------------------------------------------


def test_people_are_found_by_whatever_is_known_of_them(cast: Cast) -> None:
    grid = place(cast)
    building = place(cast, "3 栋", grid, "building")
    person = entered(cast.admin, name="曾国强", phone=PHONE, address="融城路 8 号 2 单元", place_code=building)
    entered(cast.admin, name="单田芳", phone="13983000002", address="双钢路 1 号")
    entered(cast.neighbour_staff, name="曾国强", phone=PHONE)
    number = cast.admin.post(f"/staff/residents/{person}/card").json
    for q in (
        *["曾国强", "国强", "曾", "zengguoqiang", "ZengGuoQiang", "zeng guo qiang", "guoqiang", "zgq", "ZGQ"],
        *[PHONE, "0017", "１３９８３００００１７", "融城路8号", "融城路 8 号", "2单元", "3 栋", "3栋", "第一网格"],
        *[number["number"], number["token"]],
    ):
        assert found(cast.admin, q) == ["曾国强"], q
    assert found(cast.admin, "shantianfang") == found(cast.admin, "stf") == ["单田芳"]
    for q in ("%", "_", "zgqq", "99999999", "880000000199999991", "9" * 100, "' OR 1=1", "13983000099"):
        assert found(cast.admin, q) == [], q


def test_the_code_on_a_residents_phone_finds_him(cast: Cast) -> None:
    token = cast.grandmother.get("/me/code").json["token"]
    assert found(cast.admin, token) == ["李秀英"]
    assert found(cast.neighbour_staff, token) == []


def test_a_card_that_was_replaced_or_taken_back_finds_nobody(cast: Cast) -> None:
    path = f"/staff/residents/{entered(cast.admin)}/card"
    old, new = (cast.admin.post(path).json for _ in range(2))
    assert found(cast.admin, old["token"]) == found(cast.admin, old["number"]) == []
    assert found(cast.admin, new["token"]) == ["王大福"]
    assert cast.admin.call("DELETE", path).status_code == 204
    assert found(cast.admin, new["token"]) == []
    refused(cast.admin.call("DELETE", path), 404, "not_found")


def test_filters_hold_together_and_pages_follow_one_another(cast: Cast) -> None:
    grid = place(cast)
    for n in range(5):
        entered(cast.admin, name=f"王{'一二三四五'[n]}", **({"place_code": grid} if n % 2 else {}))
    assert found(cast.admin, "王", place_code=grid) == ["王四", "王二"]
    assert found(cast.admin, place_code=COMMUNITY) == ["王五", "王四", "王三", "王二", "王一"]
    assert found(cast.admin, place_code="nowhere") == found(cast.admin, household_id="019dd1c0-7a10-7cc3-98c4-dc0c0c07398f") == []
    assert found(cast.admin, confirmed="true", limit=2) == ["王五", "王四"]
    assert found(cast.admin, confirmed="false") == []
    first = cast.admin.get("/staff/residents?q=w&limit=3").json
    rest = cast.admin.get(f"/staff/residents?q=w&limit=3&cursor={first['next']}").json
    assert [person["name"] for person in first["items"] + rest["items"]] == ["王五", "王四", "王三", "王二", "王一"]
    assert rest["next"] is None
    refused_fields(cast.admin.get("/staff/residents?cursor=!"), "cursor")


def test_a_list_of_people_takes_a_fixed_number_of_statements(cast: Cast) -> None:
    from tests.web.test_statements_count import counted

    lengths = []
    for _ in range(2):
        for _ in range(4):
            entered(cast.admin, **WANG)
        with counted(cast.app) as sent:
            found(cast.admin)
        lengths.append(len(sent))
    assert lengths[0] == lengths[1] <= 4


# --- changing -----------------------------------------------------------------------------------------------------------------


def test_staff_change_what_is_known_and_it_is_found_by_the_new(cast: Cast, superuser: psycopg.Connection) -> None:
    person = entered(cast.admin, **WANG)
    changed = cast.admin.patch(f"/staff/residents/{person}", {"name": "汪大富", "phone": "13983000099", "address": None})
    assert changed.status_code == 200
    assert (changed.json["name"], changed.json["phone"], changed.json["address"]) == ("汪大富", "13983000099", None)
    assert changed.json["born_on"] == WANG["born_on"]
    assert found(cast.admin, PHONE) == found(cast.admin, "王大福") == found(cast.admin, "融城路") == []
    assert found(cast.admin, "13983000099") == found(cast.admin, "0099") == found(cast.admin, "汪大富") == ["汪大富"]
    (details,) = superuser.execute("SELECT details FROM audit_log WHERE action = 'resident.change'").fetchone() or ()
    assert details == {"changed": ["address", "name", "phone"]}, "no personal data"
    assert cast.admin.patch(f"/staff/residents/{person}", {"phone": None}).json["phone_masked"] is None


def test_a_person_is_not_moved_to_another_community_or_above_one(cast: Cast) -> None:
    staff, person = cast.staff("admin", DISTRICT), entered(cast.admin)
    for code in (NEXT_COMMUNITY, TOWN):
        refused_fields(staff.patch(f"/staff/residents/{person}", {"place_code": code}), "place_code")
    refused(staff.patch(f"/staff/residents/{person}", {"place_code": "nowhere"}), 404, "not_found")


# --- how one is shown -----------------------------------------------------------------------------------------------------------


def test_a_resident_says_how_his_name_is_shown_and_where_he_lives(cast: Cast) -> None:
    me = cast.grandmother.get("/me").json
    assert (me["name_shown"], me["confirmed"]) == ("masked", True)
    changed = cast.grandmother.patch("/me", {"name_shown": "full", "address": "融城路 9 号"})
    assert (changed.status_code, changed.json) == (200, {**me, "name_shown": "full"})
    assert cast.grandmother.get("/me").json == changed.json
    assert found(cast.admin, "融城路9号") == ["李秀英"]
    assert cast.grandmother.patch("/me", {}).json == changed.json
    refused_fields(cast.grandmother.patch("/me", {"name_shown": "nickname"}), "name_shown")
    refused_fields(cast.grandmother.patch("/me", {"name": "别人"}), "name")


# --- codes --------------------------------------------------------------------------------------------------------------


def test_a_fixed_code_has_18_digits_and_no_other_purpose_number_or_digit(cast: Cast) -> None:
    token = codes.fixed("card", 17)
    assert (len(token), token[:10]) == (18, "8800000017")
    assert codes.read_fixed("card", token) == 17
    assert codes.read_fixed("link", token) is None
    assert codes.read("card", token) is None
    mutants = {token[:at] + digit + token[at + 1 :] for at in range(18) for digit in "0123456789"} - {token}
    assert len(mutants) == 162
    assert [mutant for mutant in mutants if codes.read_fixed("card", mutant) is not None] == []
    assert residents.CODE_PURPOSE != "card"
