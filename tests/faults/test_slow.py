"""Slow senders: whoever sends nothing for five seconds is cut off, and others are served."""

import socket
import time
from collections.abc import Iterator

import pytest
import requests

from tests.server import Server

pytestmark = pytest.mark.slow
SENDERS = 36
HEAD = "POST /api/v1/auth/wechat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(DEFEN_ENV="demo") as server:
        server.start()
        yield server
        server.stop()


def senders(server: Server, sent: str) -> list[socket.socket]:
    """Connections that send so much and then nothing."""
    found = []
    for _ in range(SENDERS):
        sender = socket.create_connection(("127.0.0.1", server.port))
        sender.sendall(sent.encode())
        found.append(sender)
    return found


def seconds_until_served(server: Server) -> float:
    began = time.monotonic()
    assert requests.get(f"{server.url}/healthz", timeout=120).status_code == 200
    return time.monotonic() - began


@pytest.mark.parametrize("sent", [HEAD, "POST /api/v1/checkins HTTP/1.1\r\nHost:"], ids=["in the body", "in the head"])
def test_three_dozen_senders_who_fall_silent_do_not_keep_others_out(server: Server, sent: str) -> None:
    silent = senders(server, sent)
    # Five seconds for each that stands before us: at worst all of them, at one worker of six threads.
    assert seconds_until_served(server) < 5 * SENDERS / 6 + 10
    for sender in silent:
        sender.close()


def test_a_sender_who_falls_silent_in_the_body_is_told_so(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as sender:
        sender.sendall(HEAD.encode())
        sender.settimeout(30)
        assert b"408" in sender.recv(100)
