"""How gunicorn serves the product; `gunicorn wsgi:app` reads this by itself."""

import os
import shutil
import socket
import struct
import sys
import tempfile

# Counters of all workers are added up in files: the folder must be named before prometheus_client is imported.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="defen-metrics-"))

from gunicorn import util
from prometheus_client import multiprocess

from app.settings import BadSettings, Settings

# When a peer does not close its side, gunicorn lingers for two seconds, on the one thread that accepts for all: a few dozen
# silent senders would stop a worker. A tenth of a second still lets an answer arrive before the connection ends.
util.close_graceful.__defaults__ = (0.1, 65536)

try:
    settings = Settings.from_environ()
except BadSettings as error:
    sys.exit(f"defen: {error}")

SILENT_S = 5
bind = settings.bind
workers = settings.workers
worker_class = "gthread"
threads = settings.threads
# Loaded once before the fork: a worker that died is back at once, and the code's memory is shared.
preload_app = True
timeout = 30
graceful_timeout = 15
keepalive = 5
max_requests = 0
limit_request_line = 8190
accesslog = None
loglevel = "warning"


def when_ready(server):
    """Let no sender or reader keep a thread for more than five silent seconds; connections inherit it from the listener."""
    for listener in server.LISTENERS:
        for wait in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            listener.sock.setsockopt(socket.SOL_SOCKET, wait, struct.pack("ll", SILENT_S, 0))


def on_exit(server):
    """Leave no counters behind."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def child_exit(server, worker):
    """Forget the gauges of a worker that ended."""
    multiprocess.mark_process_dead(worker.pid)
