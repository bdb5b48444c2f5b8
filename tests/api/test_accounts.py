"""Staff accounts: given by admins within their part of the tree; what is taken away is gone at once."""

from typing import Any

import psycopg
import pytest
from werkzeug.test import TestResponse

from tests.answers import refused, refused_fields
from tests.cast import COMMUNITY, DISTRICT, NEXT_COMMUNITY, PASSWORD, TOWN, Caller, Cast

ACCOUNT = {"username": "xiaowang", "password": "not so easy", "name": "小王", "role": "reviewer", "scope_code": COMMUNITY}


def sign_in(cast: Cast, username: str, password: str, **more: str) -> TestResponse:
    return cast.nobody.post("/auth/password", {"username": username, "password": password, **more})


def signed_in(cast: Cast, username: str, password: str) -> Caller:
    tokens = sign_in(cast, username, password).json
    return Caller(cast.app, tokens["access_token"], refresh_token=tokens["refresh_token"])


def on_record(superuser: psycopg.Connection, action: str) -> list[dict[str, Any]]:
    return [row[0] for row in superuser.execute("SELECT details FROM audit_log WHERE action = %s ORDER BY id", (action,))]


def test_an_admin_gives_an_account_and_its_holder_signs_in_and_works(cast: Cast) -> None:
    made = cast.admin.post("/staff/accounts", ACCOUNT)
    assert made.status_code == 201
    account = made.json
    expected = {key: value for key, value in ACCOUNT.items() if key != "password"}
    expected |= {"resident_id": None, "active": True, "second_factor": False}
    assert {key: account[key] for key in expected} == expected
    assert account.keys() == {*expected, "id", "created_at"}
    reviewer = signed_in(cast, "xiaowang", "not so easy")
    assert reviewer.get("/staff/deeds").status_code == 200
    refused(reviewer.get("/staff/accounts"), 403, "wrong_role")
    assert cast.admin.get(f"/staff/accounts/{account['id']}").json == account


def test_accounts_are_listed_searched_and_filtered_within_the_part_of_the_tree(cast: Cast) -> None:
    grid_worker = cast.staff("grid_worker", COMMUNITY, name="网格小陈")
    above, next_door = cast.staff("admin", TOWN), cast.neighbour_staff
    shown = {account["id"] for account in cast.admin.get("/staff/accounts").json["items"]}
    assert shown == {cast.admin.id, grid_worker.id}
    assert {next_door.id, above.id, grid_worker.id} <= {a["id"] for a in above.get("/staff/accounts").json["items"]}
    assert [a["id"] for a in cast.admin.get("/staff/accounts?q=网格").json["items"]] == [grid_worker.id]
    assert [a["id"] for a in cast.admin.get(f"/staff/accounts?q={grid_worker.username}").json["items"]] == [grid_worker.id]
    assert [a["id"] for a in cast.admin.get("/staff/accounts?role=grid_worker").json["items"]] == [grid_worker.id]
    first = cast.admin.get("/staff/accounts?limit=1").json
    assert first["next"]
    assert len(cast.admin.get(f"/staff/accounts?limit=1&cursor={first['next']}").json["items"]) == 1


@pytest.mark.parametrize("scope_code", [NEXT_COMMUNITY, TOWN, DISTRICT, "500104101999"])
def test_nobody_gives_rights_outside_or_above_his_own_part_of_the_tree(cast: Cast, scope_code: str) -> None:
    refused(cast.admin.post("/staff/accounts", {**ACCOUNT, "scope_code": scope_code}), 404, "not_found")
    other = cast.staff("reviewer", COMMUNITY)
    refused(cast.admin.patch(f"/staff/accounts/{other.id}", {"scope_code": scope_code}), 404, "not_found")
    assert cast.admin.get(f"/staff/accounts/{other.id}").json["scope_code"] == COMMUNITY


def test_an_account_above_the_admin_does_not_exist_for_him(cast: Cast) -> None:
    above = cast.staff("reviewer", TOWN)
    refused(cast.admin.get(f"/staff/accounts/{above.id}"), 404, "not_found")
    refused(cast.admin.patch(f"/staff/accounts/{above.id}", {"active": False}), 404, "not_found")
    assert above.get("/staff/deeds").status_code == 200


@pytest.mark.parametrize(
    ("password", "why"),
    [("short", "至少"), ("xiaowang12", None), ("Password123", "常见"), ("1234567890", "常见"), ("qwertyuiop", "常见")],
)
def test_a_weak_password_is_refused_with_the_reason(cast: Cast, password: str, why: str | None) -> None:
    made = cast.admin.post("/staff/accounts", {**ACCOUNT, "password": password})
    if why is None:
        assert made.status_code == 201
    else:
        assert why in refused_fields(made, "password")["password"][0]


def test_the_username_is_no_password_in_whatever_case(cast: Cast) -> None:
    refused_fields(
        cast.admin.post("/staff/accounts", {**ACCOUNT, "username": "xiaowang-2026", "password": "XiaoWang-2026"}), "password"
    )


def test_a_username_is_given_once(cast: Cast) -> None:
    assert cast.admin.post("/staff/accounts", ACCOUNT).status_code == 201
    refused(cast.neighbour_staff.post("/staff/accounts", {**ACCOUNT, "scope_code": NEXT_COMMUNITY}), 409, "username_taken")


def test_a_demotion_counts_from_the_next_request_of_a_living_session(cast: Cast) -> None:
    reviewer = cast.staff("reviewer", COMMUNITY)
    deed = cast.deed(cast.grandmother)
    changed = cast.admin.patch(f"/staff/accounts/{reviewer.id}", {"role": "grid_worker"})
    assert (changed.status_code, changed.json["role"]) == (200, "grid_worker")
    refused(reviewer.post(f"/staff/deeds/{deed}/approve"), 403, "wrong_role")
    assert reviewer.get("/staff/deeds").status_code == 200


def test_a_narrower_scope_counts_from_the_next_request(cast: Cast) -> None:
    above = cast.staff("admin", TOWN)
    reviewer = cast.staff("reviewer", TOWN)
    deed = cast.deed(cast.neighbour)
    assert reviewer.get("/staff/deeds").json["items"][0]["id"] == deed
    assert above.patch(f"/staff/accounts/{reviewer.id}", {"scope_code": COMMUNITY}).status_code == 200
    assert reviewer.get("/staff/deeds").json["items"] == []


@pytest.mark.parametrize("change", [{"active": False}, {"password": "quite another one"}, {"reset_second_factor": True}])
def test_closing_an_account_a_new_password_and_a_reset_end_all_its_sessions(cast: Cast, change: dict[str, Any]) -> None:
    reviewer = cast.staff("reviewer", COMMUNITY)
    second = signed_in(cast, reviewer.username, PASSWORD)
    assert cast.admin.patch(f"/staff/accounts/{reviewer.id}", change).status_code == 200
    for session in (reviewer, second):
        refused(session.get("/staff/deeds"), 401, "unauthenticated")
        refused(cast.nobody.post("/auth/refresh", {"refresh_token": session.refresh_token}), 401, "unauthenticated")


def test_a_closed_account_cannot_sign_in_until_it_is_opened_and_its_old_sessions_stay_dead(cast: Cast) -> None:
    reviewer = cast.staff("reviewer", COMMUNITY)
    assert cast.admin.patch(f"/staff/accounts/{reviewer.id}", {"active": False}).json["active"] is False
    refused(sign_in(cast, reviewer.username, PASSWORD), 401, "bad_credentials")
    assert cast.admin.patch(f"/staff/accounts/{reviewer.id}", {"active": True}).json["active"] is True
    assert sign_in(cast, reviewer.username, PASSWORD).status_code == 200
    refused(reviewer.get("/staff/deeds"), 401, "unauthenticated")


def test_a_new_password_opens_an_account_that_was_locked_by_guesses(cast: Cast) -> None:
    reviewer = cast.staff("reviewer", COMMUNITY)
    for _ in range(10):
        sign_in(cast, reviewer.username, "a wrong guess")
    refused(sign_in(cast, reviewer.username, PASSWORD), 429, "too_many_attempts")
    cast.admin.patch(f"/staff/accounts/{reviewer.id}", {"password": "quite another one"})
    assert sign_in(cast, reviewer.username, "quite another one").status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"role": "reviewer"},
        {"role": "admin"},
        {"scope_code": COMMUNITY},
        {"active": False},
        {"password": "quite another one"},
        {"resident_id": None},
        {"reset_second_factor": True},
        {"name": "林书记", "active": False},
    ],
)
def test_nobody_changes_more_of_his_own_account_than_the_name(cast: Cast, change: dict[str, Any]) -> None:
    before = cast.admin.get(f"/staff/accounts/{cast.admin.id}").json
    refused(cast.admin.patch(f"/staff/accounts/{cast.admin.id}", change), 409, "own_account")
    assert cast.admin.get(f"/staff/accounts/{cast.admin.id}").json == before
    assert cast.admin.patch(f"/staff/accounts/{cast.admin.id}", {"name": "林书记"}).json["name"] == "林书记"


def test_every_change_is_on_record_with_before_and_after_and_without_secrets(cast: Cast, superuser: psycopg.Connection) -> None:
    account = cast.admin.post("/staff/accounts", ACCOUNT).json["id"]
    cast.admin.patch(f"/staff/accounts/{account}", {"role": "auditor", "name": "王审计", "password": "quite another one"})
    cast.admin.patch(f"/staff/accounts/{account}", {"active": False})
    first, second = on_record(superuser, "staff.change")
    assert (first["before"]["role"], first["after"]["role"], first["also"]) == ("reviewer", "auditor", ["password", "name"])
    assert (second["before"]["active"], second["after"]["active"]) == (True, False)
    everything = superuser.execute("SELECT string_agg(a::text, '') FROM audit_log a").fetchone()[0]
    assert "quite another one" not in everything
    assert "王审计" not in everything


def test_a_reviewer_who_is_a_resident_may_be_named_and_then_cannot_approve_himself(cast: Cast) -> None:
    deed = cast.deed(cast.grandmother)
    reviewer = cast.staff("reviewer", COMMUNITY)
    cast.admin.patch(f"/staff/accounts/{reviewer.id}", {"resident_id": cast.grandmother.id})
    refused(reviewer.post(f"/staff/deeds/{deed}/approve"), 403, "own_deed")


def test_the_table_of_roles_is_served_as_it_is_applied(cast: Cast) -> None:
    table = {role["role"]: role for role in cast.reviewer.get("/staff/roles").json["roles"]}
    assert table.keys() == {"admin", "reviewer", "grid_worker", "building_head", "auditor"}
    assert "review" in table["reviewer"]["rights"]
    assert "review" not in table["auditor"]["rights"]
    assert [role for role in table if table[role]["masked"]] == ["auditor"]


# --- one's own password --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["reviewer", "barber"])
def test_who_changes_his_password_stays_signed_in_here_and_nowhere_else(cast: Cast, who: str) -> None:
    person, probe = getattr(cast, who), "/staff/deeds" if who == "reviewer" else "/merchant/scans"
    elsewhere = signed_in(cast, person.username, PASSWORD)
    changed = person.post("/auth/password/change", {"old_password": PASSWORD, "new_password": "quite another one"})
    assert changed.status_code == 204
    assert person.get(probe).status_code == 200
    refused(elsewhere.get(probe), 401, "unauthenticated")
    refused(cast.nobody.post("/auth/refresh", {"refresh_token": elsewhere.refresh_token}), 401, "unauthenticated")
    refused(sign_in(cast, person.username, PASSWORD), 401, "bad_credentials")
    assert sign_in(cast, person.username, "quite another one").status_code == 200


def test_a_wrong_old_password_counts_like_a_failed_sign_in(cast: Cast) -> None:
    body = {"old_password": "a wrong guess", "new_password": "quite another one"}
    for _ in range(10):
        refused(cast.reviewer.post("/auth/password/change", body), 401, "bad_credentials")
    refused(cast.reviewer.post("/auth/password/change", {**body, "old_password": PASSWORD}), 429, "too_many_attempts")
    refused(sign_in(cast, cast.reviewer.username, PASSWORD), 429, "too_many_attempts")


@pytest.mark.parametrize("new", ["short", "password123", PASSWORD])
def test_a_weak_new_password_or_the_old_one_is_refused_and_changes_nothing(cast: Cast, new: str) -> None:
    refused_fields(cast.reviewer.post("/auth/password/change", {"old_password": PASSWORD, "new_password": new}), "new_password")
    assert sign_in(cast, cast.reviewer.username, PASSWORD).status_code == 200
