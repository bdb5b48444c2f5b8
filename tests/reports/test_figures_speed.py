"""A district's year of figures is answered at once: it is read from the rollups."""

import statistics
from datetime import timedelta

import psycopg
import pytest

from kernel import clock
from tests.answers import after
from tests.cast import Cast
from tests.people.test_searches import measured

BIG_DISTRICT, COMMUNITIES, PEOPLE, DAYS = "500101", 200, 100, 365  # 万州


@pytest.mark.slow
def test_a_month_of_two_hundred_communities_is_answered_in_150_ms_and_a_year_in_500(
    cast: Cast, superuser: psycopg.Connection
) -> None:
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
        for path, most_s in (("/staff/stats", 0.15), (f"/staff/stats?from={first}&to={first + timedelta(days=DAYS - 1)}", 0.5)):
            took = []
            for _ in range(7):
                with measured(cast) as spent:
                    answer = official.get(path)
                took.append(sum(spent))
                assert answer.status_code == 200
            print(f"{path}: {statistics.median(took) * 1000:.0f} ms in the database")
            assert answer.json["participants"] == COMMUNITIES * PEOPLE
            assert statistics.median(took) < most_s
    assert answer.json["issued"] == COMMUNITIES * (DAYS - 1) * 50
