"""Accounts as pages: the list, a new one, changes, and what an admin may not do."""

import re

import pytest
from flask import Flask

from tests.cast import COMMUNITY, NEXT_COMMUNITY, PASSWORD, Cast
from tests.visitors import Visitor, refusal

NEW = {"username": "xiaowang", "password": "a good long password", "name": "小王", "role": "reviewer", "scope_code": COMMUNITY}


def test_the_list_is_searched_by_name_and_by_role(app: Flask, cast: Cast) -> None:
    cast.staff("reviewer", COMMUNITY, name="小李")
    cast.staff("auditor", COMMUNITY, name="老张")
    cast.staff("admin", NEXT_COMMUNITY, name="隔壁的")
    visitor = Visitor(app, cast.admin)
    everybody = visitor.visit("/staff/accounts").text
    assert "小李" in everybody
    assert "隔壁的" not in everybody
    found = visitor.visit("/staff/accounts?q=老张&role=").text
    assert "老张" in found
    assert "小李" not in found
    assert "小李" not in visitor.visit("/staff/accounts?role=auditor").text
    assert "没有找到" in visitor.visit("/staff/accounts?q=没有这个人").text


def test_a_new_account_can_sign_in(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.admin)
    assert 'name="scope_code"' in visitor.visit("/staff/accounts/new").text
    answer = visitor.send("/staff/accounts", **NEW)
    assert (answer.status_code, answer.location.rsplit("/", 1)[0]) == (303, "/staff/accounts")
    assert "已建好" in visitor.visit(answer.location).text
    assert Visitor(app).send("/sign-in", username="xiaowang", password=NEW["password"]).location == "/staff"


@pytest.mark.parametrize(
    ("wrong", "status", "code", "said"),
    [
        ({"password": "short"}, 422, "validation_failed", "密码至少 10 个字符"),
        ({"name": ""}, 422, "validation_failed", "请填写这一项"),
        ({"scope_code": NEXT_COMMUNITY}, 404, "not_found", ""),
    ],
)
def test_a_refused_account_is_said_at_the_form_which_stays_filled_in(
    app: Flask, cast: Cast, wrong: dict[str, str], status: int, code: str, said: str
) -> None:
    answer = Visitor(app, cast.admin).send("/staff/accounts", **{**NEW, **wrong})
    assert (answer.status_code, refusal(answer)) == (status, code)
    assert 'value="xiaowang"' in answer.text
    assert said in answer.text
    assert NEW["password"] not in answer.text


def test_a_username_is_given_once(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.admin)
    visitor.send("/staff/accounts", **NEW)
    again = visitor.send("/staff/accounts", **NEW)
    assert (again.status_code, refusal(again)) == (409, "username_taken")


def test_name_role_and_scope_are_changed_and_closing_signs_out_at_once(app: Flask, cast: Cast) -> None:
    visitor, other = Visitor(app, cast.admin), Visitor(app, cast.reviewer)
    path = f"/staff/accounts/{cast.reviewer.id}"
    assert visitor.send(path, name="林主任", role="grid_worker", scope_code=COMMUNITY).status_code == 303
    changed = cast.admin.get(path).json
    assert (changed["name"], changed["role"]) == ("林主任", "grid_worker")
    assert visitor.send(path, active="false").status_code == 303
    assert other.visit("/staff").status_code == 303
    assert "恢复账号" in visitor.visit(path).text
    assert visitor.send(path, active="true").status_code == 303
    assert cast.admin.get(path).json["active"] is True


def test_a_new_password_counts_and_the_old_one_does_not(app: Flask, cast: Cast) -> None:
    username = cast.reviewer.username
    path = f"/staff/accounts/{cast.reviewer.id}"
    assert Visitor(app, cast.admin).send(path, password="quite another password").status_code == 303
    assert refusal(Visitor(app).send("/sign-in", username=username, password=PASSWORD)) == "bad_credentials"
    assert Visitor(app).send("/sign-in", username=username, password="quite another password").status_code == 303


def test_of_oneself_only_the_name_can_be_changed(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app, cast.admin)
    path = f"/staff/accounts/{cast.admin.id}"
    page = visitor.visit(path).text
    assert "停用账号" not in page
    assert 'name="role"' not in page
    answer = visitor.send(path, active="false")
    assert (answer.status_code, refusal(answer)) == (409, "own_account")
    assert visitor.send(path, name="周书记").status_code == 303


def test_accounts_of_elsewhere_do_not_exist_and_are_for_admins_only(app: Flask, cast: Cast) -> None:
    path = f"/staff/accounts/{cast.neighbour_staff.id}"
    visitor = Visitor(app, cast.admin)
    assert visitor.visit(path).status_code == 404
    assert visitor.send(path, name="偷改").status_code == 404
    assert Visitor(app, cast.reviewer).visit("/staff/accounts").status_code == 403
    assert Visitor(app, cast.reviewer).send("/staff/accounts", **NEW).status_code == 403


def test_the_table_of_roles_is_in_words_and_open_to_all_staff(app: Flask, cast: Cast) -> None:
    page = Visitor(app, cast.auditor).visit("/staff/accounts/roles").text
    assert "审核、退回、撤销申报" in page
    assert page.count("可以</span>") == 30
    assert page.count(">可以</span>") == sum(len(role["rights"]) for role in cast.auditor.get("/staff/roles").json["roles"])
    assert not re.search(r"enter_on_behalf|grid_worker", page)
