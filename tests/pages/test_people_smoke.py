from flask import Flask

from tests.cast import Cast
from tests.visitors import Visitor


def test_smoke(app: Flask, cast: Cast) -> None:
    v = Visitor(app, cast.admin)
    g = cast.grandmother
    cast.give(g, 10)
    a, b = cast.family("王大福", "王小军")
    h = a.get("/me").json["household"]["id"]
    bad = []
    for p in [
        "/staff/residents",
        "/staff/residents?q=wdf",
        "/staff/residents/new",
        f"/staff/residents/{g.id}",
        f"/staff/residents/{g.id}/edit",
        f"/staff/residents/{g.id}/phone",
        f"/staff/residents/{g.id}/link",
        f"/staff/residents/{g.id}/leave",
        "/staff/cards",
        "/staff/entries/new",
        f"/staff/entries/new?resident_id={g.id}&q=li",
        "/staff/households",
        f"/staff/households/{h}",
        f"/staff/households/{h}/edit",
        f"/staff/households/{h}/members/new",
        f"/staff/households/{h}/merge",
        f"/staff/households/{h}/split",
        "/staff/imports",
        "/staff/imports/new",
        "/staff/places",
        "/staff/places/new?parent_code=500104101009",
        "/staff/residents.csv",
        "/staff/households.xlsx",
        "/staff/imports/template.xlsx",
    ]:
        r = v.visit(p)
        if r.status_code != 200:
            bad.append((p, r.status_code, r.text[:300]))
    assert bad == []
