"""The household page: who is in it, the shared wallet, who earned what; and what its head may do."""

from flask import Flask

from tests.cast import Cast
from tests.visitors import Visitor, refusal


def code_of(who) -> str:  # type: ignore[no-untyped-def]
    return str(who.get("/me/code").json["token"])


def test_all_members_see_the_wallet_and_who_earned_what(app: Flask, cast: Cast) -> None:
    head, son = cast.family("王大福", "王小军")
    cast.give(head, 30)
    cast.give(son, 20)
    for who in (head, son):
        page = Visitor(app, who).visit("/household").text
        assert '<p class="figure">50</p>' in page
        assert "30 分" in page
        assert "20 分" in page
    assert "请家人加入" in Visitor(app, head).visit("/household").text
    assert "请家人加入" not in Visitor(app, son).visit("/household").text
    assert "我的家庭" in Visitor(app, son).visit("/me").text


def test_where_points_count_by_person_there_is_no_household(app: Flask, cast: Cast) -> None:
    assert Visitor(app, cast.grandmother).visit("/household").status_code == 404


def test_the_head_takes_somebody_in_by_the_code_on_his_phone(app: Flask, cast: Cast) -> None:
    head, _ = cast.family("王大福", "王小军")
    daughter = cast.resident("王小花")
    code = code_of(daughter)
    answer = Visitor(app, head).send("/household/members", code=f"{code[:2]} {code[2:10]} {code[10:]}")
    assert (answer.status_code, answer.location) == (303, "/household")
    assert "王小花" in Visitor(app, head).visit("/household").text
    assert daughter.get("/me").json["household"]["members"] == 3


def test_a_code_that_is_none_is_refused_at_the_form_and_stays(app: Flask, cast: Cast) -> None:
    head, _ = cast.family("王大福", "王小军")
    refused = Visitor(app, head).send("/household/members", code="870000000000000000")
    assert (refused.status_code, refusal(refused)) == (400, "code_invalid")
    assert "870000000000000000" in refused.text


def test_only_the_head_takes_in_names_and_hands_over(app: Flask, cast: Cast) -> None:
    head, son = cast.family("王大福", "王小军")
    stranger = cast.resident("张三")
    refused = Visitor(app, son).send("/household/members", code=code_of(stranger))
    assert (refused.status_code, refusal(refused)) == (403, "not_head")
    assert refusal(Visitor(app, son).send("/household", name="小军家")) == "not_head"
    assert Visitor(app, head).send("/household", head_id=stranger.id).status_code == 404
    Visitor(app, head).send("/household", name="<b>大福家</b>")
    assert "&lt;b&gt;大福家&lt;/b&gt;户" in Visitor(app, son).visit("/household").text
    Visitor(app, head).send("/household", head_id=son.id)
    assert "请家人加入" in Visitor(app, son).visit("/household").text


def test_who_leaves_has_a_household_of_his_own_and_the_points_stay(app: Flask, cast: Cast) -> None:
    head, son = cast.family("王大福", "王小军")
    cast.give(son, 20)
    visitor = Visitor(app, son)
    assert "积分都留给家人" in visitor.visit("/household").text
    assert visitor.send("/household/leave").location == "/household"
    assert '<p class="figure">0</p>' in visitor.visit("/household").text
    assert '<p class="figure">20</p>' in Visitor(app, head).visit("/household").text
    refused = visitor.send("/household/leave")
    assert (refused.status_code, refusal(refused)) == (409, "alone_in_household")
