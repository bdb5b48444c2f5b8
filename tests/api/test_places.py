"""Grids and buildings: laid out by the community itself, under codes that are given once."""

from tests.answers import refused, refused_fields
from tests.api.test_residents import entered, place
from tests.cast import COMMUNITY, DISTRICT, NEXT_COMMUNITY, TOWN, Cast

GRID = {"parent_code": COMMUNITY, "name": "第一网格", "level": "grid"}


def test_grids_lie_under_the_community_and_buildings_under_a_grid(cast: Cast) -> None:
    made = cast.admin.post("/staff/divisions", GRID)
    assert made.status_code == 201
    grid = made.json
    assert grid == {"code": f"{COMMUNITY}01", "name": "第一网格", "level": "grid", "path": "大渡口区/八桥镇/融城社区/第一网格"}
    assert place(cast, "第二网格") == f"{COMMUNITY}02"
    building = cast.admin.post("/staff/divisions", {"parent_code": grid["code"], "name": "1 栋", "level": "building"}).json
    assert (building["code"], building["path"]) == (f"{grid['code']}001", f"{grid['path']}/1 栋")


def test_a_place_of_the_wrong_level_or_without_sense_is_refused(cast: Cast) -> None:
    grid = place(cast)
    for wrong in ({"level": "building"}, {"parent_code": grid}, {"level": "community"}, {"level": None}):
        refused_fields(cast.admin.post("/staff/divisions", {**GRID, **wrong}), "level")
    refused_fields(cast.admin.post("/staff/divisions", {**GRID, "name": " "}), "name")
    refused_fields(cast.admin.post("/staff/divisions", {**GRID, "code": "1"}), "code")
    refused_fields(cast.staff("admin", DISTRICT).post("/staff/divisions", {**GRID, "parent_code": TOWN}), "level")


def test_a_place_elsewhere_does_not_exist_and_only_admins_lay_out(cast: Cast) -> None:
    grid = place(cast)
    for parent in (COMMUNITY, "nowhere"):
        refused(cast.neighbour_staff.post("/staff/divisions", {**GRID, "parent_code": parent}), 404, "not_found")
    refused(cast.neighbour_staff.patch(f"/staff/divisions/{grid}", {"name": "别的"}), 404, "not_found")
    for role in ("reviewer", "grid_worker", "building_head", "auditor"):
        refused(cast.staff(role, COMMUNITY).post("/staff/divisions", GRID), 403, "wrong_role")


def test_a_new_name_stands_in_the_path_of_all_below_at_once(cast: Cast) -> None:
    grid = place(cast)
    building = place(cast, "1 栋", grid, "building")
    person = entered(cast.admin, place_code=building)
    renamed = cast.admin.patch(f"/staff/divisions/{grid}", {"name": "东一网格"})
    assert (renamed.status_code, renamed.json["name"], renamed.json["path"]) == (
        200,
        "东一网格",
        "大渡口区/八桥镇/融城社区/东一网格",
    )
    shown = cast.admin.get(f"/staff/residents/{person}").json["place"]
    assert shown == {"code": building, "name": "1 栋", "level": "building", "path": "大渡口区/八桥镇/融城社区/东一网格/1 栋"}
    refused_fields(cast.admin.patch(f"/staff/divisions/{COMMUNITY}", {"name": "别的社区"}), "name")


def test_staff_see_the_divisions_of_their_part_and_those_below_all_of_their_community(cast: Cast) -> None:
    grid, next_grid = place(cast), place(cast, "第二网格")
    place(cast, "邻居的网格", NEXT_COMMUNITY, by=cast.neighbour_staff)
    worker = cast.staff("grid_worker", grid)
    for staff in (worker, cast.admin, cast.auditor):
        assert [node["code"] for node in staff.get("/staff/divisions").json["items"]] == [COMMUNITY, grid, next_grid]
    assert [node["code"] for node in worker.get(f"/staff/divisions?parent={COMMUNITY}").json["items"]] == [grid, next_grid]
    assert [node["code"] for node in worker.get("/staff/divisions?q=第二").json["items"]] == [next_grid]
    assert worker.get(f"/staff/divisions?parent={NEXT_COMMUNITY}").json["items"] == []
    assert len(cast.official.get("/staff/divisions?q=网格").json["items"]) == 3


def test_when_all_codes_are_given_there_are_no_more(cast: Cast) -> None:
    for n in range(99):
        place(cast, f"网格 {n + 1}")
    refused(cast.admin.post("/staff/divisions", GRID), 409, "no_code_left")
