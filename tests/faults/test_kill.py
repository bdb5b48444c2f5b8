"""`kill -9` of a worker, of everything, of PostgreSQL, under load: nothing acknowledged is lost, nothing is done twice."""

from __future__ import annotations

import copy
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress

import psutil
import pytest

from bench.client import Answer
from bench.town import Person, Till, Town
from tests.faults.history import Effect, Sent, books, compare
from tests.faults.load import Load
from tests.server import ROOT, Server

pytestmark = pytest.mark.slow
ROUNDS = int(os.environ.get("DEFEN_FAULT_ROUNDS", "10"))
SEED = int(os.environ.get("DEFEN_FAULT_SEED", "20261121"))
TABLE: list[tuple[object, ...]] = [
    ("fault", "rounds", "acknowledged", "lost", "invented", "settled", "recovered in s: median, worst")
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server:
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="module")
def town(server: Server) -> Town:
    """Its people, made in the server's own database by a process of its own."""
    command = [sys.executable, "-m", "bench.town", "--residents", "4000", "--buyers", "6", "--tills", "3"]
    made = subprocess.run(command, cwd=ROOT, env=server.environ, check=True, capture_output=True, text=True)
    found = json.loads(made.stdout)
    people = {name: [Person(**p) for p in found[name]] for name in ("residents", "buyers", "reviewers", "admins")}
    return Town(**people, tills=[Till(**till) for till in found["tills"]], rule_id=found["rule_id"])


@pytest.fixture(scope="module")
def load(server: Server, town: Town) -> Load:
    return Load(server.port, town, SEED)


@pytest.fixture(scope="module", autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    """Show the figures at the end, whether the tests are quiet or not."""
    yield
    widths = [max(len(str(row[column])) for row in TABLE) for column in range(len(TABLE[0]))]
    lines = ["  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)) for row in TABLE]
    plugins = request.config.pluginmanager
    with plugins.getplugin("capturemanager").global_and_fixture_disabled():
        plugins.getplugin("terminalreporter").write_line("\n" + "\n".join([f"seed {SEED}", *lines]))


# --- the faults ------------------------------------------------------------------------------------------------------------


def test_a_killed_worker_loses_nothing_and_is_replaced_within_5_s(server: Server, load: Load) -> None:
    chance = random.Random(SEED)

    def strike() -> float:
        before = {worker.pid for worker in server.workers}
        victim = chance.choice(server.workers)
        struck = time.monotonic()
        victim.kill()
        _until(lambda: len(server.workers) == len(before) and victim.pid not in {w.pid for w in server.workers}, 5)
        return struck

    _rounds("a worker killed", server, load, strike, within_s=5)


def test_all_of_it_killed_loses_nothing_and_is_ready_again_within_10_s(server: Server, load: Load) -> None:
    def strike() -> float:
        server.kill_all()
        restarted = time.monotonic()
        server.start(wait=False)
        server.wait_ready(within_s=10)
        return restarted

    _rounds("everything killed", server, load, strike, within_s=10)


def test_a_killed_postgresql_means_503_until_it_is_back_and_nothing_lost(server: Server, load: Load) -> None:
    outages: list[float] = []
    refused: Counter[int] = Counter()

    def strike() -> float:
        pid = server.postmaster
        assert pid is not None
        struck = time.monotonic()
        psutil.Process(pid).kill()
        _until(lambda: server.postmaster not in (None, pid), 30)
        outages.append(time.monotonic() - struck)
        return time.monotonic()

    def after() -> None:
        answers = [answer for sent in load.history for answer in sent.answers if answer is not None]
        refused.update(answer.status for answer in answers if answer.status >= 500)

    _rounds("PostgreSQL killed", server, load, strike, within_s=10, after=after)
    assert refused[503] > 0, "while the database was away somebody must have been told so"
    TABLE.append(("  PostgreSQL away, 503s told", ROUNDS, refused[503], "", "", "", _figures(outages)))


def _rounds(
    fault: str,
    server: Server,
    load: Load,
    strike: Callable[[], float],
    *,
    within_s: float,
    after: Callable[[], None] = lambda: None,
) -> None:
    """Load, strike, rest, compare, settle, compare again, verify; and see that the comparison is not blind."""
    chance, recovered, acknowledged, settled = random.Random(SEED), [], 0, 0
    lost: list[Effect] = []
    invented: list[Effect] = []
    for round_ in range(ROUNDS):
        with server.superuser() as connection:
            before = books(connection)
        load.start()
        try:
            time.sleep(chance.uniform(0.5, 1.2))
            back = strike()
            done = _until(lambda back=back: load.first_done_after(back), within_s)
            time.sleep(0.3)
        finally:
            load.stop()
        recovered.append(done - back)
        _check_answers(load.history)
        after()
        for step in ("at rest", "settled"):
            with server.superuser() as connection:
                gained = books(connection) - before
            verdict = compare(load.history, gained)
            lost, invented = lost + verdict.lost, invented + verdict.invented
            assert (verdict.lost, verdict.invented) == ([], []), f"{fault}, round {round_}, {step}, seed {SEED}"
            if step == "at rest":
                settled += verdict.open
                load.settle()
        assert (verdict.open, sum(gained.values())) == (0, verdict.acknowledged)
        acknowledged += verdict.acknowledged
        verified = server.flask("ledger", "verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        _control(load.history, gained)
    TABLE.append((fault, ROUNDS, acknowledged, len(lost), len(invented), settled, _figures(recovered)))
    assert acknowledged > ROUNDS * 10, "hardly any load: this shows nothing"
    assert max(recovered) <= within_s


def _check_answers(history: list[Sent]) -> None:
    """What an outage may look like from outside: no answer, or 503 that says when to come again. Never a 500, never a refusal."""
    for sent in history:
        for answer in sent.answers:
            if answer is None or answer.status < 300:
                continue
            if answer.status == 503:
                assert int(answer.headers["retry-after"]) > 0
                assert answer.headers["content-type"] == "application/problem+json"
                continue
            assert (answer.status, answer.json["code"]) == (409, "idempotency_in_progress"), f"{sent.kind}: {answer}"


def _figures(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f}, {max(seconds):.2f}"


def _until(condition: Callable[[], object], within_s: float) -> float:
    """Wait until a condition holds; if it is a moment, that moment, else now."""
    deadline = time.monotonic() + within_s
    while True:
        found = None
        with suppress(psutil.Error, ValueError):
            found = condition()
        if found is not None and found is not False:
            return found if isinstance(found, float) else time.monotonic()
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.02)


# --- the controls: a comparison that sees nothing proves nothing -------------------------------------------------------------


def _control(history: list[Sent], gained: Counter[Effect]) -> None:
    """The same comparison over the same round, with something wrong put in: each must be found, and named."""
    acknowledged = [sent for sent in history if sent.acknowledged]
    assert {sent.kind for sent in acknowledged} >= {"deed", "order"}
    for sent in random.Random(SEED).sample(acknowledged, 5):
        assert sent.effect is not None
        gone, twice = gained.copy(), gained.copy()
        gone[sent.effect] -= 1
        twice[sent.effect] += 1
        assert compare(history, gone).lost == [sent.effect]
        assert compare(history, twice).invented == [sent.effect]
        assert compare([other for other in history if other is not sent], gained).invented == [sent.effect]


def test_the_comparison_finds_what_was_lost_done_twice_invented_or_done_though_refused() -> None:
    done = _sent("scan", "one", 200)
    order = _sent("order", None, 201, '{"id": "new"}')
    silent, unnamed = _sent("scan", "two", None), _sent("order", None, None)
    refused = _sent("cancel", "three", 409, '{"code": "order_not_open"}')
    history = [done, order, silent, unnamed, refused]
    fine = Counter({Effect("scan", "one"): 1, Effect("order", "new"): 1})
    assert _found(history, fine) == (2, [], [])
    assert _found(history, fine + Counter([Effect("scan", "two"), Effect("order", "unnamed")])) == (2, [], [])
    for effect in fine:
        assert _found(history, fine - Counter([effect])) == (2, [effect], [])
        assert _found(history, fine + Counter([effect]))[2] == ([] if effect.kind == "order" else [effect])
    for effect in (Effect("cancel", "three"), Effect("checkin", "nobody's")):
        assert _found(history, fine + Counter([effect])) == (2, [], [effect])
    both = Counter([Effect("order", "unnamed"), Effect("order", "another")])
    assert len(_found(history, fine + both)[2]) == 1, "one request without an answer explains one order"
    settled = copy.deepcopy(history)
    settled[3].answers.append(Answer(409, b'{"code": "insufficient_points"}'))
    assert len(_found(settled, fine + Counter([Effect("order", "unnamed")]))[2]) == 1


def _sent(kind: str, of: str | None, status: int | None, body: str = "{}") -> Sent:
    answer = None if status is None else Answer(status, body.encode())
    return Sent(kind, "POST", "/", "", "", None, of, answers=[answer])


def _found(history: list[Sent], gained: Counter[Effect]) -> tuple[int, list[Effect], list[Effect]]:
    verdict = compare(history, gained)
    return verdict.acknowledged, verdict.lost, verdict.invented
