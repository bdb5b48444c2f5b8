"""Idempotency-Key: the same request with the same key gets its first answer again."""

from datetime import timedelta
from typing import Any

import pytest

from app import jobs
from kernel import clock
from tests.answers import MONDAY, after, contents, refused, refused_fields
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("verified")


def keys(superuser: Any) -> int:
    return int(superuser.execute("SELECT count(*) FROM idempotency_keys").fetchone()[0])


def test_a_request_sent_again_with_its_key_gets_its_first_answer_and_writes_nothing(cast: Cast, superuser: Any) -> None:
    cast.give(cast.grandmother, 100)
    body = {"item_id": cast.item(), "quantity": 1}
    first = cast.grandmother.post("/orders", body, key="k")
    assert "Idempotent-Replayed" not in first.headers
    before = contents(superuser)
    for _ in range(3):
        again = cast.grandmother.post("/orders", body, key="k")
        assert (again.status_code, again.data, again.content_type) == (first.status_code, first.data, first.content_type)
        assert again.headers["Idempotent-Replayed"] == "true"
    assert contents(superuser) == before


def test_the_first_answer_is_given_even_where_things_have_changed_since(cast: Cast) -> None:
    cast.give(cast.grandmother, 30)
    body = {"item_id": cast.item(), "quantity": 1}
    first = cast.grandmother.post("/orders", body, key="k")
    cast.grandmother.post(f"/orders/{first.json['id']}/cancel")
    again = cast.grandmother.post("/orders", body, key="k")
    assert (again.status_code, again.json["status"]) == (201, "reserved")
    assert cast.balance(cast.grandmother) == 30


def test_without_a_key_each_request_counts(cast: Cast) -> None:
    cast.give(cast.grandmother, 100)
    body = {"item_id": cast.item(), "quantity": 1}
    assert len({cast.grandmother.post("/orders", body).json["id"] for _ in range(2)}) == 2


def test_a_key_used_for_another_body_path_or_query_is_refused(cast: Cast, superuser: Any) -> None:
    cast.give(cast.grandmother, 200)
    item = cast.item()
    order = cast.grandmother.post("/orders", {"item_id": item, "quantity": 1}, key="k").json["id"]
    other = cast.order(cast.grandmother, item)
    before = contents(superuser)
    attempts = [
        ("/orders", {"item_id": item, "quantity": 2}),
        ("/orders?x=1", {"item_id": item, "quantity": 1}),
        (f"/orders/{order}/cancel", None),
        ("/checkins", None),
        ("/orders", {}),
    ]
    for path, body in attempts:
        refused(cast.grandmother.post(path, body, key="k"), 422, "idempotency_mismatch")
    assert contents(superuser) == before
    assert cast.grandmother.get(f"/orders/{other}").json["status"] == "reserved"


def test_a_refused_request_is_judged_afresh(cast: Cast, superuser: Any) -> None:
    body = {"item_id": cast.item(), "quantity": 1}
    refused(cast.grandmother.post("/orders", body, key="k"), 409, "insufficient_points")
    assert keys(superuser) == 0
    cast.give(cast.grandmother, 30)
    afresh = cast.grandmother.post("/orders", body, key="k")
    assert (afresh.status_code, "Idempotent-Replayed" in afresh.headers) == (201, False)


def test_a_key_of_a_request_that_made_no_sense_can_be_used_for_a_better_one(cast: Cast, superuser: Any) -> None:
    cast.give(cast.grandmother, 30)
    item = cast.item()
    refused_fields(cast.grandmother.post("/orders", {"item_id": item, "quantity": 0}, key="k"), "quantity")
    refused(cast.grandmother.post("/orders", data="{", content_type="application/json", key="k"), 400, "bad_json")
    assert keys(superuser) == 0
    assert cast.grandmother.post("/orders", {"item_id": item, "quantity": 1}, key="k").status_code == 201


def test_a_key_belongs_to_the_caller_who_used_it(cast: Cast) -> None:
    answers = [caller.post("/checkins", key="morning") for caller in (cast.grandmother, cast.volunteer)]
    assert [(answer.status_code, "Idempotent-Replayed" in answer.headers) for answer in answers] == [(201, False)] * 2


def test_a_key_outlives_the_access_token_it_was_used_with(cast: Cast) -> None:
    first = cast.grandmother.post("/checkins", key="k")
    tokens = cast.nobody.post("/auth/refresh", {"refresh_token": _refresh_token(cast)}).json
    again = cast.nobody.post("/checkins", key="k", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert (again.json, again.headers["Idempotent-Replayed"]) == (first.json, "true")


def _refresh_token(cast: Cast) -> str:
    """A refresh token of the grandmother's session."""
    import secrets

    from kernel import signing
    from kernel.database import add
    from people.sessions import RefreshToken

    token = secrets.token_urlsafe()
    expires_at = clock.now() + timedelta(days=1)
    session_id = cast.grandmother.actor.session_id
    cast.in_app(lambda: add(RefreshToken(digest=signing.token_digest(token), session_id=session_id, expires_at=expires_at)))
    return token


def test_a_key_has_at_most_sixty_four_visible_characters(cast: Cast, superuser: Any) -> None:
    for key in ("k" * 65, "k" * 5000, ""):
        refused_fields(cast.grandmother.post("/checkins", headers={"Idempotency-Key": key}), "Idempotency-Key")
    assert keys(superuser) == 0
    assert cast.grandmother.post("/checkins", key="ein Schlüssel " + "~" * 50).status_code == 201


def test_no_body_and_an_empty_object_are_the_same_request(cast: Cast) -> None:
    first = cast.grandmother.post("/checkins", key="k")
    for again in (
        cast.grandmother.post("/checkins", {}, key="k"),
        cast.grandmother.post("/checkins", data=b" {}\n", content_type="application/json", key="k"),
        cast.grandmother.post("/checkins", key="k"),
    ):
        assert (again.json, again.headers.get("Idempotent-Replayed")) == (first.json, "true")
    cast.volunteer.post("/checkins", {}, key="k")
    assert cast.volunteer.post("/checkins", key="k").headers["Idempotent-Replayed"] == "true"


def test_a_key_is_kept_for_a_day_and_forgotten_by_the_worker_after_two(cast: Cast, superuser: Any) -> None:
    resident = cast.grandmother
    with clock.stopped_at(MONDAY):
        first = resident.post("/checkins", key="k")
    for hours in (24, 48):
        with clock.stopped_at(after(hours=hours)), cast.app.app_context():
            assert jobs.forget_old()["idempotency_keys_forgotten"] == 0
            assert resident.post("/checkins", key="k").json == first.json
    with clock.stopped_at(after(hours=48, seconds=1)), cast.app.app_context():
        assert jobs.forget_old()["idempotency_keys_forgotten"] == 1
        assert keys(superuser) == 0
        assert resident.post("/checkins", key="k").json["date"] == "2025-03-05"


def test_a_key_gives_no_answer_to_who_may_no_longer_ask(cast: Cast, superuser: Any) -> None:
    deed = cast.deed(cast.grandmother)
    assert cast.reviewer.post(f"/staff/deeds/{deed}/approve", key="k").status_code == 200
    superuser.execute("UPDATE staff SET role = 'auditor' WHERE id = %s", (cast.reviewer.id,))
    refused(cast.reviewer.post(f"/staff/deeds/{deed}/approve", key="k"), 403, "wrong_role")
    superuser.execute("UPDATE staff SET role = 'reviewer' WHERE id = %s", (cast.reviewer.id,))


def test_every_post_that_moves_points_or_stock_honours_a_key(cast: Cast) -> None:
    moving = {
        rule.rule.removeprefix("/api/v1")
        for rule in cast.app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and getattr(cast.app.view_functions[rule.endpoint], "idempotent", False)
    }
    posts = {
        rule.rule.removeprefix("/api/v1")
        for rule in cast.app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.rule.startswith("/api/v1")
    }
    unmoved = {"/auth/wechat", "/auth/password", "/auth/refresh", "/auth/logout", "/me/registration", "/uploads"}
    unmoved |= {"/feed/<id:entry_id>/like", "/me/messages/read"}  # twice is as good as once by nature
    secret = {"/auth/password/change", "/auth/totp", "/auth/totp/confirm", "/auth/totp/disable"}  # answers are kept with keys
    secret |= {"/me/sign-in-codes"}
    assert posts - moving == unmoved | secret
