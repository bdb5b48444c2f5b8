"""Races over places: every grid that is laid out gets a code of its own, and paths hold the last name."""

from sqlalchemy import text

from kernel.database import execute, first
from tests.api.test_residents import place
from tests.cast import COMMUNITY, Cast
from tests.races.harness import dawdle, race, tally

AT_ONCE = 8


def test_grids_that_are_laid_out_at_once_all_get_codes_of_their_own(cast: Cast, rounds: range) -> None:
    staff = [cast.admin, cast.staff("admin", COMMUNITY)]
    for n in range(min(len(rounds), 12)):
        body = {"parent_code": COMMUNITY, "name": f"网格 {n}", "level": "grid"}
        answers = race(AT_ONCE, lambda i, body=body: staff[i % 2].post("/staff/divisions", body))
        assert tally(answers) == {(201, ""): AT_ONCE}
        codes = sorted(answer.json["code"] for answer in answers)
        assert codes == [f"{COMMUNITY}{n * AT_ONCE + i + 1:02d}" for i in range(AT_ONCE)]


def test_a_building_that_is_laid_out_while_its_grid_is_renamed_has_the_new_name_in_its_path(cast: Cast, rounds: range) -> None:
    grid = place(cast, "旧名")
    for n in rounds:
        body = {"parent_code": grid, "name": f"{n} 栋", "level": "building"}
        calls = [
            lambda body=body: cast.admin.post("/staff/divisions", body),
            lambda n=n: cast.admin.patch(f"/staff/divisions/{grid}", {"name": f"新名{n}"}),
        ]
        assert {answer.status_code for answer in race(2, lambda i, calls=calls: calls[i]())} == {200, 201}
        paths = [node["path"] for node in cast.admin.get(f"/staff/divisions?parent={grid}&limit=100").json["items"]]
        assert all(path.startswith(f"大渡口区/八桥镇/融城社区/新名{n}/") for path in paths), paths


def test_codes_that_are_looked_up_before_they_are_given_are_given_twice(cast: Cast) -> None:
    given = race(AT_ONCE, lambda _: cast.in_app(_naive_next_code))
    assert len(set(given)) < AT_ONCE


_INSERT = text(
    """
    INSERT INTO divisions (code, name, level, parent_code, lineage, path)
    VALUES (:code, '网格', 'grid', :parent, '/' || :code || '/', '网格') ON CONFLICT DO NOTHING
    """
)


def _naive_next_code() -> str:
    row = first(text("SELECT count(*) AS made FROM divisions WHERE parent_code = :parent"), parent=COMMUNITY)
    assert row is not None
    dawdle()
    code = f"{COMMUNITY}{row.made + 1:02d}"
    execute(_INSERT, code=code, parent=COMMUNITY)
    return code
