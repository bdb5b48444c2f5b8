"""The demo: both kinds of community are there, with all that can happen in them, and the books are in order."""

import threading
import time
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask

from app import demo
from kernel import clock
from kernel.database import transaction
from reports import rollups
from tests.cast import COMMUNITY, DISTRICT, VILLAGE, Caller, Cast
from tests.conftest import DIVISIONS

pytestmark = pytest.mark.usefixtures("verified")


def load(app: Flask) -> None:
    with app.app_context(), transaction():
        demo.load(DIVISIONS)


@pytest.fixture
def loaded(app: Flask, clean: None) -> None:
    load(app)


def resident(cast: Cast, code: str) -> Caller:
    """Who signs in with this code, through the stand-in for WeChat."""
    return Caller(cast.app, cast.nobody.post("/auth/wechat", {"code": code}).json["access_token"])


def staff(cast: Cast, username: str) -> Caller:
    answer = cast.nobody.post("/auth/password", {"username": username, "password": demo.PASSWORD})
    assert answer.status_code == 200, answer.text
    return Caller(cast.app, answer.json["access_token"])


def listed(caller: Caller, path: str) -> list[dict[str, Any]]:
    return list(caller.get(f"{path}{'&' if '?' in path else '?'}limit=100").json["items"])


def test_in_the_village_households_share_a_wallet_some_credits_wait_and_something_is_owed(cast: Cast, loaded: None) -> None:
    head, son, daughter = (resident(cast, code) for code in ("village1", "village2", "village6"))
    assert head.get("/me").json["community"]["name"] == "放牛坪村"
    home = head.get("/households/mine").json
    assert {member["name"] for member in home["members"]} == {"王德明", "王小军", "刘兰英"}
    assert all(member["earned"] > 0 for member in home["members"]), "each earned for it, one of them without WeChat"
    assert head.get("/me/wallet").json == son.get("/me/wallet").json
    assert head.get("/me/wallet").json["balance"] > 0
    assert len(daughter.get("/households/mine").json["members"]) == 1, "she left her family's"
    merged = resident(cast, "village7").get("/households/mine").json["members"]
    assert {member["name"] for member in merged} == {"陈永红", "陈佳", "陈永平", "张碧琼"}
    waiting = [deed["waiting"] for deed in listed(head, "/deeds") if deed["waiting"]]
    assert [entry["waits_for"] for entry in waiting] == ["notice"]
    assert waiting[0]["until"] > f"{clock.today()}"
    debtor = resident(cast, "village4")
    assert debtor.get("/me/wallet").json["owed"] > 0
    assert "revoked" in {deed["status"] for deed in listed(debtor, "/deeds")}
    months = {f"{clock.today() - timedelta(days=ago):%Y-%m}" for ago in (0, 10)}
    days = [day for month in months for day in son.get(f"/checkins?month={month}").json["days"]]
    assert any(day["made_up"] for day in days)
    assert any(day["points"] > 1 for day in days), "a streak was rewarded"


def test_in_both_there_are_deeds_to_review_a_feed_with_thanks_and_likes_cards_and_messages(cast: Cast, loaded: None) -> None:
    assert resident(cast, "grandmother").get("/households/mine").status_code == 404, "the town counts by person"
    for username, reader in (("reviewer", "grandmother"), ("village_reviewer", "village1")):
        office, someone = staff(cast, username), resident(cast, reader)
        assert {deed["channel"] for deed in listed(office, "/staff/deeds?status=pending")} >= {"self", "phone"}
        feed = listed(someone, "/feed")
        assert {entry["kind"] for entry in feed} == {"deed", "donation"}
        assert any(entry["likes"] for entry in feed)
        assert any(entry.get("photos") for entry in feed)
        assert all(item["image_url"] for item in listed(someone, "/items"))
        assert any(person["card_number"] and not person["linked"] for person in listed(office, "/staff/residents"))
        assert listed(someone, "/me/messages")
        assert "redeemed" in {order["status"] for order in listed(someone, "/orders")}
    approved = listed(staff(cast, "reviewer"), "/staff/deeds?status=approved")
    assert any("resubmitted" in [step["action"] for step in deed["steps"]] for deed in approved)
    assert [reason["id"] for reason in listed(staff(cast, "reviewer"), "/staff/reasons?action=return")] != [None]
    assert {unit["name"] for unit in listed(staff(cast, "admin"), "/staff/units")} == {"融城物业公司", "区图书馆"}


def test_grid_workers_and_building_heads_see_their_part_and_the_figures_of_a_district_add_up(cast: Cast, loaded: None) -> None:
    seen = {
        username: {person["name"] for person in listed(staff(cast, username), "/staff/residents")}
        for username in ("reviewer", "grid_worker", "building_head", "village_grid", "village_grid2", "village_admin")
    }
    assert seen["building_head"] < seen["grid_worker"] < seen["reviewer"]
    assert "王大福" in seen["grid_worker"] - seen["building_head"]
    assert seen["village_grid"] | seen["village_grid2"] == seen["village_admin"]
    assert not seen["village_grid"] & seen["village_grid2"]
    for district, community in ((DISTRICT, COMMUNITY), (VILLAGE[:6], VILLAGE)):
        figures, ours = (cast.staff("auditor", scope).get("/staff/stats").json for scope in (district, community))
        assert figures["issued"] - figures["redeemed"] - figures["expired"] == figures["outstanding"]
        assert min(ours[name] for name in ("issued", "redeemed", "outstanding", "deeds", "checkins", "participants")) > 0
        assert ours["issued"] == figures["issued"], "nothing happens elsewhere in the district"
    assert cast.in_app(rollups.due) == [], "the days that are over are rolled up"


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["2026-03-01T00:04+08:00", "2025-12-31T23:59+08:00"])
def test_it_can_be_loaded_at_any_moment(app: Flask, clean: None, moment: str) -> None:
    with clock.stopped_at(datetime.fromisoformat(moment)):
        load(app)


@pytest.mark.slow
def test_who_comes_while_it_is_being_loaded_waits_longer_than_a_request_would(
    app: Flask, clean: None, superuser: psycopg.Connection
) -> None:
    superuser.execute("SELECT pg_advisory_lock(7318009)")
    began = time.monotonic()
    release = threading.Timer(3, superuser.execute, ["SELECT pg_advisory_unlock(7318009)"])
    release.start()
    result = app.test_cli_runner().invoke(args=["demo"])
    release.join()
    assert (result.exit_code, time.monotonic() - began > 3) == (0, True), result.output
