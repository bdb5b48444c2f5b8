"""The main job as its users live it: over HTTP against gunicorn and PostgreSQL, with WeChat asked and the QR code really read."""

from __future__ import annotations

import io
import re
import signal
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import requests
import zxingcpp
from PIL import Image

from tests.cast import photo
from tests.server import ROOT, PlainPostgres, Server, request_lines
from tests.wechat_server import WeChatServer

COMMUNITY = "500104101009"
DIVISIONS = ROOT / "data" / "chongqing-divisions.csv"
PASSWORD = "a password for the story"
SECRET = "a secret for tests that is long enough"
HEADER = "code,name,level,parent_code\n"


pytestmark = pytest.mark.slow  # the README's walk tells the same story in short, on a server too


@pytest.fixture(scope="module")
def wechat() -> Iterator[WeChatServer]:
    codes = {f"code-{number}": "openid-of-grandmother" for number in range(10)}
    with WeChatServer(codes, {"phone-code": "13900000001"}) as server:
        yield server


@pytest.fixture(scope="module", params=["production", "demo"])
def server(request: pytest.FixtureRequest, wechat: WeChatServer) -> Iterator[Server]:
    """The product under `flask serve`: in production with an address of a database, and as the demo on the embedded one."""
    credentials = {"WECHAT_APP_ID": wechat.appid, "WECHAT_APP_SECRET": wechat.secret, "WECHAT_API_BASE": wechat.base}
    if request.param == "demo":
        with Server(DEFEN_ENV="demo", **credentials) as server:
            server.start()
            yield server
            server.stop()
        return
    with PlainPostgres() as postgres:
        postgres.database("story")
        settings = {"DATABASE_URL": postgres.url(database="story"), "SECRET_KEY": SECRET, **credentials}
        with Server(DEFEN_ENV="production", **settings) as server:
            server.start()
            yield server
            server.stop()


def test_a_point_is_earned_and_spent_from_the_official_list_to_the_statement(
    server: Server, wechat: WeChatServer, tmp_path: Path
) -> None:
    _import_the_official_list_twice_and_broken_ones(server, tmp_path)
    grandmother = _sign_in_and_join(server, wechat)
    _check_in_twice(server, grandmother)
    staff = _staff_and_merchant(server, "reviewer", "admin", "barber", "till")
    _earn_by_a_deed_with_a_photo(server, grandmother, staff)
    order = _order_a_haircut(server, grandmother, staff)
    scan = _scan_the_picture(server, grandmother, staff, order)
    _read_the_statements(server, grandmother, staff, scan)
    verified = server.flask("ledger", "verify")
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "13900000001" not in server.said(), "a log holds no personal data"


def _import_the_official_list_twice_and_broken_ones(server: Server, tmp_path: Path) -> None:
    first, second = (server.flask("divisions", "import", str(DIVISIONS)) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "共 1338 行" in first.stdout
    assert second.stdout.strip().endswith("新增或更名 0 个"), "the same file again changes nothing"
    page = server.get("/communities?q=融城社区").json()
    assert page["items"][0] == {"code": COMMUNITY, "name": "融城社区", "level": "community", "path": "大渡口区/八桥镇/融城社区"}
    for bad_line, named in (
        ("500199001001,错社区居民委员会,community,500199999", "500199001001"),  # a parent that is nowhere
        ("500199001001,错社区居民委员会,planet,500104101", "500199001001"),
        ("500199001001,错社区居民委员会", "3"),  # columns are missing: named by its line number
    ):
        broken = tmp_path / "broken.csv"
        broken.write_text(f"{HEADER}500104101099,新社区居民委员会,community,500104101\n{bad_line}\n", encoding="utf-8")
        refused = server.flask("divisions", "import", str(broken))
        assert refused.returncode == 1
        assert named in refused.stderr
        assert "Traceback" not in refused.stderr
        assert server.get("/communities?q=新社区&parent=500104101").json()["items"] == [], "a bad line changes nothing"


def _sign_in_and_join(server: Server, wechat: WeChatServer) -> str:
    refused = server.post("/auth/wechat", {"code": "never given by WeChat"})
    assert (refused.status_code, refused.json()["code"]) == (401, "wechat_rejected")
    code = _fresh_code(wechat)
    newcomer = server.post("/auth/wechat", {"code": code})
    assert newcomer.status_code == 200
    assert (newcomer.json()["role"], newcomer.json()["registered"], newcomer.json()["expires_in"]) == ("resident", False, 1800)
    again = server.post("/auth/wechat", {"code": code})
    assert (again.status_code, again.json()["code"]) == (401, "wechat_rejected"), "WeChat's code is good once"
    token = str(newcomer.json()["access_token"])
    stranger = server.post("/checkins", token=token)
    assert (stranger.status_code, stranger.json()["code"]) == (403, "not_registered")
    body = {
        "name": "李秀英",
        "phone": "13900000001",
        "community_code": COMMUNITY,
        "consent_version": server.get("/privacy").json()["version"],
    }
    joined = server.post("/me/registration", body, token=token)
    assert joined.status_code == 201, joined.text
    assert joined.json()["wallet"] == {"balance": 0, "held": 0}
    assert (joined.json()["phone_masked"], joined.json()["community"]["name"]) == ("139****0001", "融城社区")
    back = server.post("/auth/wechat", {"code": _fresh_code(wechat)}).json()
    assert back["registered"] is True
    return str(back["access_token"])


def _fresh_code(wechat: WeChatServer) -> str:
    return next(code for code in wechat.codes if code not in wechat._used)


def _check_in_twice(server: Server, grandmother: str) -> None:
    first, second = (server.post("/checkins", token=grandmother) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert (first.json()["points"], first.json()["streak"], first.json()["balance"]) == (1, 1, 1)
    assert first.json()["date"] == f"{_now():%Y-%m-%d}"


def _staff_and_merchant(server: Server, *who: str) -> dict[str, str]:
    """Made by the command line while the server runs, one password given as an option, the others on standard input."""
    tokens = {}
    for name in who:
        username = f"story-{name}"
        if name in ("barber", "till"):
            made = server.flask(
                *("merchant", "create", "--username", username, "--name", f"{name}的店", "--community", COMMUNITY),
                stdin=PASSWORD + "\n",
            )
            tokens[f"{name}_id"] = str(UUID(made.stdout.split()[-1])) if made.returncode == 0 else ""
        else:
            option = ("--password", PASSWORD) if name == "admin" else ()
            made = server.flask(
                *("staff", "create", "--username", username, "--role", name, "--scope", COMMUNITY, *option), stdin=PASSWORD + "\n"
            )
        assert made.returncode == 0, made.stderr
        tokens[name] = server.sign_in(username, PASSWORD)
    return tokens


def _earn_by_a_deed_with_a_photo(server: Server, grandmother: str, staff: dict[str, str]) -> None:
    body = {
        "code": f"S-{staff['barber_id'][-6:]}",
        "title": "参加治安巡逻",
        "category": "社区治理",
        "points": 50,
        "evidence_required": True,
    }
    rule = server.post("/staff/rules", body, token=staff["admin"])
    assert rule.status_code == 201, rule.text
    deed_body: dict[str, Any] = {
        "rule_id": rule.json()["id"],
        "occurred_on": f"{_now():%Y-%m-%d}",
        "description": "晚上在小区巡逻",
    }
    bare = server.post("/deeds", deed_body, token=grandmother)
    assert bare.status_code == 422, "this rule asks for a photo"
    picture = server.post("/uploads", files={"file": ("camera.jpg", photo(size=(800, 600)), "image/jpeg")}, token=grandmother)
    assert picture.status_code == 201, picture.text
    deed_body["upload_ids"] = [picture.json()["id"]]
    deed = server.post("/deeds", deed_body, token=grandmother, key="story-deed")
    again = server.post("/deeds", deed_body, token=grandmother, key="story-deed")
    assert (deed.status_code, again.status_code, again.json()) == (201, 201, deed.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    queued = server.get("/staff/deeds?status=pending&q=李秀英", token=staff["reviewer"]).json()["items"]
    mine = [item for item in queued if item["id"] == deed.json()["id"]]
    assert len(mine) == 1
    shown = server.call("GET", server.url + mine[0]["photos"][0]["url"])
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(shown.content)).size == (800, 600)
    approved = server.post(f"/staff/deeds/{deed.json()['id']}/approve", {"note": "照片清楚"}, token=staff["reviewer"])
    assert (approved.status_code, approved.json()["status"], approved.json()["points"]) == (200, "approved", 50)
    twice = server.post(f"/staff/deeds/{deed.json()['id']}/approve", token=staff["reviewer"])
    assert (twice.status_code, twice.json()["code"]) == (409, "already_reviewed")
    assert server.get("/me/wallet", token=grandmother).json()["balance"] == 51


def _order_a_haircut(server: Server, grandmother: str, staff: dict[str, str]) -> str:
    offer = {"kind": "service", "name": "剪发一次", "price": 30, "merchant_id": staff["barber_id"]}
    item = server.post("/staff/items", offer, token=staff["admin"])
    assert item.status_code == 201, item.text
    shelf = server.get(f"/items?merchant_id={staff['barber_id']}&affordable=true", token=grandmother).json()["items"]
    assert [found["name"] for found in shelf] == ["剪发一次"]
    order = server.post("/orders", {"item_id": item.json()["id"], "quantity": 1}, token=grandmother)
    assert (order.status_code, order.json()["status"], order.json()["points"]) == (201, "reserved", 30)
    too_much = server.post("/orders", {"item_id": item.json()["id"], "quantity": 1}, token=grandmother)
    assert (too_much.status_code, too_much.json()["code"]) == (409, "insufficient_points")
    wallet = server.get("/me/wallet", token=grandmother).json()
    assert (wallet["balance"], wallet["held"]) == (21, 30)
    return str(order.json()["id"])


def _scan_the_picture(server: Server, grandmother: str, staff: dict[str, str], order: str) -> dict[str, Any]:
    picture = server.get(f"/orders/{order}/code.png", token=grandmother)
    assert picture.headers["Content-Type"] == "image/png"
    (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.content)))
    assert re.fullmatch(r"87\d{16}", read.text)
    codes = server.get(f"/orders/{order}/code?ahead=2", token=grandmother).json()
    near = [codes["token"], *(code["token"] for code in codes["codes"])]
    assert len(read.text) == len(near[0])
    other = server.post("/merchant/scans", {"token": read.text}, token=staff["till"])
    assert (other.status_code, other.json()["code"]) == (403, "code_other_merchant")
    scan = server.post("/merchant/scans", {"token": read.text}, token=staff["barber"])
    assert scan.status_code == 200, scan.text
    assert (scan.json()["resident_masked"], scan.json()["pieces"], scan.json()["order"]["id"]) == ("李**", 1, order)
    again = server.post("/merchant/scans", {"token": read.text}, token=staff["barber"])
    assert (again.status_code, again.json()["code"]) == (409, "code_already_redeemed")
    assert again.headers["Content-Type"] == "application/problem+json"
    assert datetime.fromisoformat(again.json()["redeemed_at"]) == datetime.fromisoformat(scan.json()["redeemed_at"])
    assert server.get(f"/orders/{order}", token=grandmother).json()["status"] == "redeemed"
    gone = server.get(f"/orders/{order}/code.png", token=grandmother)
    assert (gone.status_code, gone.json()["code"]) == (409, "order_not_open")
    return dict(scan.json())


def _read_the_statements(server: Server, grandmother: str, staff: dict[str, str], scan: dict[str, Any]) -> None:
    statement = server.get("/merchant/statement", token=staff["barber"]).json()
    assert (statement["month"], statement["opening"], statement["taken"], statement["closing"]) == (f"{_now():%Y-%m}", 0, 30, 30)
    assert [(line["scan_id"], line["points"]) for line in statement["lines"]] == [(scan["id"], 30)]
    story = server.get("/me/transfers", token=grandmother).json()["items"]
    assert [(entry["points"], entry["balance_after"]) for entry in story] == [(-30, 21), (50, 51), (1, 1)]
    wallet = server.get("/me/wallet", token=grandmother).json()
    assert (wallet["balance"], wallet["held"], wallet["earned"], wallet["spent"]) == (21, 0, 51, 30)


def _now() -> datetime:
    return datetime.now(ZoneInfo("Asia/Shanghai"))


def test_the_demo_prints_its_logins_and_is_ready_only_when_they_work() -> None:
    with Server(DEFEN_ENV="demo") as server:
        server.start()  # returns at the first 200 of /readyz
        said = server.said()
        found = re.findall(r"^  (?:工作人员|商户) +(\w+) ", said, re.MULTILINE)
        assert {"admin", "reviewer", "auditor", "neighbour", "barber", "till"} <= set(found)
        password = re.search(r"密码都是 (\S+)", said)
        assert password is not None
        for username in found:
            assert server.sign_in(username, password[1])
        grandmother = server.post("/auth/wechat", {"code": "grandmother"}).json()
        assert grandmother["registered"] is True
        assert server.get("/me/wallet", token=grandmother["access_token"]).json()["earned"] > 0
        first = server.flask("demo")
        assert first.returncode == 0
        assert "grandmother" in first.stdout, "loaded before, it only prints its logins"
        assert server.flask("ledger", "verify").returncode == 0
        requests_logged = [line for line in request_lines(server.said()) if line.get("message") == "request"]
        assert requests_logged
        assert all(line["request_id"] for line in requests_logged)
        assert server.stop(signal.SIGTERM) < 10


def test_readyz_says_503_until_the_schema_is_there_and_the_demo_is_loaded() -> None:
    with PlainPostgres() as postgres:
        postgres.database("empty")
        settings = {"DATABASE_URL": postgres.url(database="empty"), "SECRET_KEY": SECRET, "DEFEN_DEMO": "1"}
        command = [sys.executable, "-m", "gunicorn", "wsgi:app"]
        with Server(command, **settings) as server:
            server.start(wait=False)
            _wait_alive(server)
            states = [_ready(server)]
            for step in (["db", "upgrade"], ["demo"]):
                done = server.flask(*step)
                assert done.returncode == 0, done.stderr
                states.append(_ready(server))
            assert states == [(503, "not_ready"), (503, "not_ready"), (200, None)]


def _ready(server: Server) -> tuple[int, str | None]:
    answer = server.get("/readyz")
    assert (answer.status_code == 200) or int(answer.headers["Retry-After"]) > 0
    return answer.status_code, answer.json().get("code")


def _wait_alive(server: Server) -> None:
    for _ in range(400):
        try:
            if server.get("/healthz").status_code == 200:
                return
        except requests.RequestException:
            time.sleep(0.05)
    raise AssertionError(server.said())
