"""Grids and buildings on the console: laid out, named, and for admins only."""

from flask import Flask

from tests.api.test_residents import place
from tests.cast import COMMUNITY, NEXT_COMMUNITY, TOWN, Cast
from tests.visitors import Visitor, refusal


def test_a_grid_and_its_building_are_laid_out_and_renamed(app: Flask, cast: Cast) -> None:
    admin = Visitor(app, cast.admin)
    assert "还没有网格" in admin.visit("/staff/places").text
    assert "第一网格" in admin.visit(f"/staff/places/new?parent_code={COMMUNITY}").text  # an example
    made = admin.send(f"/staff/places?parent_code={COMMUNITY}", parent_code=COMMUNITY, level="grid", name="第一网格")
    assert (made.status_code, made.location) == (303, f"/staff/places?community_code={COMMUNITY}")
    grid = f"{COMMUNITY}01"
    admin.send(f"/staff/places?parent_code={grid}", parent_code=grid, level="building", name="3 栋")
    shown = admin.visit("/staff/places").text
    assert shown.index(">第一网格<") < shown.index(">3 栋<")
    assert admin.send(f"/staff/places/{grid}", name="<i>东片</i>").status_code == 303
    shown = admin.visit("/staff/places").text
    assert "<i>东片" not in shown
    assert "&lt;i&gt;东片" in shown


def test_a_name_that_is_none_is_refused_at_the_form(app: Flask, cast: Cast) -> None:
    grid, admin = place(cast), Visitor(app, cast.admin)
    for path in (f"/staff/places?parent_code={COMMUNITY}", f"/staff/places/{grid}"):
        fields = {"parent_code": COMMUNITY, "level": "grid"} if "?" in path else {}
        refused = admin.send(path, name="长" * 31, **fields)
        assert (refused.status_code, "长" * 31 in refused.text, "请填写 1 至 30 个字" in refused.text) == (422, True, True)
    official = admin.send(f"/staff/places/{COMMUNITY}", name="别名")
    assert (official.status_code, refusal(official)) == (422, "validation_failed")


def test_others_read_and_neighbours_find_nothing(app: Flask, cast: Cast) -> None:
    grid = place(cast)
    worker = Visitor(app, cast.staff("grid_worker", grid))
    assert "第一网格" in worker.visit("/staff/places").text
    assert worker.visit(f"/staff/places/{grid}").status_code == 403
    assert worker.send(f"/staff/places/{grid}", name="东片").status_code == 403
    neighbour = Visitor(app, cast.neighbour_staff)
    assert "第一网格" not in neighbour.visit("/staff/places").text
    assert neighbour.visit(f"/staff/places?community_code={COMMUNITY}").status_code == 404
    assert neighbour.visit(f"/staff/places/{grid}").status_code == 404
    assert neighbour.send(f"/staff/places/{grid}", name="东片").status_code == 404


def test_who_works_above_the_communities_chooses_one_first(app: Flask, cast: Cast) -> None:
    place(cast)
    town = Visitor(app, cast.staff("admin", TOWN))
    page = town.visit("/staff/places").text
    assert f"community_code={COMMUNITY}" in page
    assert f"community_code={NEXT_COMMUNITY}" in page
    assert "第一网格" in town.visit(f"/staff/places?community_code={COMMUNITY}").text
    for form in ("/staff/residents/new", "/staff/imports/new"):
        assert f"{form}?community_code={COMMUNITY}" in town.visit(form).text
        assert "请先选择社区" not in town.visit(f"{form}?community_code={COMMUNITY}").text
