"""The bench runs, and measures what it says, with numbers too small to mean anything."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import ROOT, environ, processes_of

pytestmark = pytest.mark.slow


def test_the_bench_measures_all_jobs_and_leaves_nothing_behind(tmp_path: Path) -> None:
    small = ["--residents", "60", "--buyers", "3", "--tills", "2", "--clients", "1", "2", "--rounds", "1", "--requests", "5"]
    command = [sys.executable, "-m", "bench", *small, "--json", str(tmp_path / "figures.json")]
    ran = subprocess.run(command, cwd=ROOT, env=environ(), capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr[-3000:]
    figures = json.loads((tmp_path / "figures.json").read_text())["figures"]
    assert {(row["job"], row["clients"]) for row in figures} == {
        (job, clients) for job in ("noop", "checkin", "order", "scan") for clients in (1, 2)
    }
    for row in figures:
        assert row["per_s"] > 0
        assert 0 < row["p50_ms"] <= row["p99_ms"]
        assert f"| {row['job']} | {row['clients']} |" in ran.stdout
    assert sum(row["app_cpu_ms"] + row["database_cpu_ms"] for row in figures) > 0
    assert processes_of(Path("/tmp/defen-bench-")) == []


def test_the_bench_says_how_many_residents_it_needs() -> None:
    command = [sys.executable, "-m", "bench", "--residents", "10"]
    ran = subprocess.run(command, cwd=ROOT, env=environ(), capture_output=True, text=True, timeout=60)
    assert ran.returncode != 0
    assert "--residents 6140 at least" in ran.stderr
