"""A load of all flows that move points or stock, from several callers at once, who write down what they sent and were told."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from uuid import uuid4

from bench.client import Answer, Client, NoAnswer
from bench.town import Person, Till, Town
from tests.faults.history import Sent, is_told

PAUSE_S = 0.01
PATIENCE_S = 20


class Load:
    """Some callers at once, from `start` until `stop`; `history` is what they sent meanwhile, anew with each start."""

    def __init__(self, port: int, town: Town, seed: int) -> None:
        self.port, self.town, self.seed = port, town, seed
        self.history: list[Sent] = []
        self._early = iter(town.residents[len(town.buyers) :])  # who has not checked in yet
        self._lock = threading.Lock()
        self._round = 0

    def start(self) -> None:
        """Begin; a caller for each buyer."""
        self.history, self._round, self._stop = [], self._round + 1, threading.Event()
        self._callers = [threading.Thread(target=self._call, args=(number,)) for number in range(len(self.town.buyers))]
        for caller in self._callers:
            caller.start()

    def stop(self) -> None:
        """End, when each caller has got his answer or lost his connection."""
        self._stop.set()
        for caller in self._callers:
            caller.join(PATIENCE_S * 2)
            assert not caller.is_alive(), "a caller hangs"

    def first_done_after(self, moment: float) -> float | None:
        """When the first request that was sent after `moment` was sent and then acknowledged; None where none was."""
        return min((sent.at for sent in list(self.history) if sent.at >= moment and sent.acknowledged), default=None)

    def settle(self) -> None:
        """Send again, with its key, what got no answer, until it gets one; and then once more: the answer must be the same."""
        client = Client(self.port)
        for sent in self.history:
            deadline = time.monotonic() + PATIENCE_S
            while sent.told is None:
                assert time.monotonic() < deadline, f"no answer settles {sent}"
                if not _send(client, sent):
                    time.sleep(0.1)
        settled = [sent for sent in self.history if len(sent.answers) > 1]
        others = [sent for sent in self.history if len(sent.answers) == 1 and sent.acknowledged]
        for sent in settled + random.Random(self.seed).sample(others, min(5, len(others))):
            first = sent.told
            assert first is not None
            assert _send(client, sent), f"settled, and then not: {sent}"
            again = sent.answers[-1]
            assert again is not None
            if first.status < 300:
                assert (again.status, again.json) == (first.status, first.json)
                assert again.headers["idempotent-replayed"] == "true"
            else:
                assert again.status >= 400, f"refused, and then done: {sent}"
        client.close()

    # --- one caller --------------------------------------------------------------------------------------------------------

    def _call(self, number: int) -> None:
        chance = random.Random(f"{self.seed}/{self._round}/{number}")
        client = Client(self.port)
        buyer, till = self.town.buyers[number], self.town.tills[number % len(self.town.tills)]
        reviewer = self.town.reviewers[number % len(self.town.reviewers)]
        admin = self.town.admins[number % len(self.town.admins)]
        while not self._stop.is_set():
            flow = chance.choice([self._check_in, self._earn, self._earn, self._shop, self._shop, self._shop, self._restock])
            try:
                for _ in flow(client, chance, buyer, till, reviewer, admin):
                    time.sleep(PAUSE_S)
            except NoAnswer:
                time.sleep(0.15)  # whoever got no answer does not come again at once
        client.close()

    def _do(
        self, client: Client, kind: str, token: str, path: str, of: str | None, body: object = None, key: str | None = None
    ) -> Answer:
        """Send one request and write it down. Raises NoAnswer where nobody said what became of it."""
        sent = Sent(kind, "POST", path, token, key or uuid4().hex, body, of)
        with self._lock:
            self.history.append(sent)
        if not _send(client, sent) or not sent.acknowledged:
            raise NoAnswer(kind)
        assert sent.told is not None
        return sent.told

    def _check_in(self, client: Client, _chance: random.Random, *_: object) -> Iterator[None]:
        with self._lock:
            resident = next(self._early, None)
        if resident is not None:
            self._do(client, "checkin", resident.token, "/checkins", resident.id)
        yield

    def _earn(
        self, client: Client, chance: random.Random, buyer: Person, _till: Till, reviewer: Person, admin: Person
    ) -> Iterator[None]:
        key = uuid4().hex
        body = {"rule_id": self.town.rule_id, "occurred_on": _today(), "description": key}
        deed = self._do(client, "deed", buyer.token, "/deeds", key, body, key).json["id"]
        yield
        self._do(client, "approve", reviewer.token, f"/staff/deeds/{deed}/approve", deed)
        yield
        if chance.random() < 0.3:
            credit = _credit_of(client, buyer, deed)
            self._do(client, "reverse", admin.token, f"/staff/transfers/{credit}/reverse", credit, {"reason": "重复入账"})
            yield

    def _shop(self, client: Client, chance: random.Random, buyer: Person, till: Till, *_: object) -> Iterator[None]:
        item = chance.choice([till.service_id, till.goods_id])
        order = self._do(client, "order", buyer.token, "/orders", None, {"item_id": item, "quantity": 1}).json["id"]
        yield
        if chance.random() < 0.3:
            self._do(client, "cancel", buyer.token, f"/orders/{order}/cancel", order)
        else:
            code = _read(client, f"/orders/{order}/code", buyer.token).json["token"]
            self._do(client, "scan", till.token, "/merchant/scans", order, {"token": code})
        yield

    def _restock(
        self, client: Client, _chance: random.Random, _buyer: Person, till: Till, _reviewer: Person, admin: Person
    ) -> Iterator[None]:
        key = uuid4().hex
        self._do(client, "restock", admin.token, f"/staff/items/{till.goods_id}/stock", key, {"delta": 3, "reason": key}, key)
        yield


def _send(client: Client, sent: Sent) -> bool:
    """Send it, and write down what came back; whether that says what became of it."""
    try:
        answer = client.call(sent.method, sent.path, sent.token, key=sent.key, body=sent.body)
    except NoAnswer:
        sent.answers.append(None)
        return False
    sent.answers.append(answer)
    return is_told(answer)


def _read(client: Client, path: str, token: str) -> Answer:
    answer = client.call("GET", path, token)
    if answer.status != 200:
        raise NoAnswer(path)
    return answer


def _credit_of(client: Client, buyer: Person, deed_id: str) -> str:
    for entry in _read(client, "/me/transfers", buyer.token).json["items"]:
        if entry["source"]["id"] == deed_id:
            return str(entry["id"])
    raise AssertionError("an approved deed has no credit")


def _today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600))
