"""A district's year of figures is answered at once: it is read from the rollups."""

import time
from datetime import timedelta

import psycopg
import pytest

from kernel import clock
from tests.answers import after
from tests.cast import Cast

BIG_DISTRICT, COMMUNITIES, PEOPLE, DAYS = "500101", 200, 100, 365  # 万州


@pytest.mark.slow
def test_a_year_of_two_hundred_communities_is_answered_in_well_below_150_ms(cast: Cast, superuser: psycopg.Connection) -> None:
    codes = [
        row[0]
        for row in superuser.execute(
            "SELECT code FROM divisions WHERE level = 'community' AND lineage LIKE %s ORDER BY code LIMIT %s",
            (f"/{BIG_DISTRICT}/%", COMMUNITIES),
        )
    ]
    assert len(codes) == COMMUNITIES
    first = after(days=-DAYS + 1).date()
    superuser.execute(
        """
        INSERT INTO residents (id, community_code, place_code, name, phone_verified, created_at, name_shown, search, born_on)
        SELECT gen_random_uuid(), code, code, '居民', false, now(), 'masked', '', date '1940-01-01' + n * 300
        FROM unnest(%s::text[]) code, generate_series(1, %s) n
        """,
        (codes, PEOPLE),
    )
    superuser.execute("INSERT INTO rolled_up_days SELECT %s::date + n, now() FROM generate_series(0, %s) n", (first, DAYS - 2))
    superuser.execute(
        """
        INSERT INTO daily_figures SELECT code, %s::date + n, 50, 20, 0, 3, 12
        FROM unnest(%s::text[]) code, generate_series(0, %s) n
        """,
        (first, codes, DAYS - 2),
    )
    # A fifth of the people do something on each day.
    superuser.execute(
        """
        INSERT INTO monthly_participants
        SELECT date_trunc('month', day), r.community_code, r.id, sum(1 << extract(day FROM day)::int - 1)
        FROM residents r, generate_series(0, %s) n, LATERAL (SELECT %s::date + n AS day) days
        WHERE (hashtext(r.id::text) + n) %% 5 = 0 GROUP BY r.id, 1
        """,
        (DAYS - 2, first),
    )
    superuser.execute("VACUUM ANALYZE residents, daily_figures, monthly_participants, rolled_up_days")
    with clock.stopped_at(after()):
        official = cast.staff("auditor", BIG_DISTRICT)
        path = f"/staff/stats?from={first}&to={first + timedelta(days=DAYS - 1)}"
        took = []
        for _ in range(5):
            began = time.perf_counter()
            answer = official.get(path)
            took.append(time.perf_counter() - began)
            assert answer.status_code == 200
    print([f"{s * 1000:.0f} ms" for s in took])
    assert answer.json["issued"] == COMMUNITIES * (DAYS - 1) * 50
    assert answer.json["participants"] == COMMUNITIES * PEOPLE
    assert min(took) < 0.15
