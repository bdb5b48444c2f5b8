"""What the README tells a newcomer to paste works when pasted."""

import json
import re
import subprocess

import pytest

from tests.server import BIN, ROOT, Server

MARKED = r"```bash\n(.*?)```"


def walk(readme: str) -> str:
    (found,) = re.findall(MARKED, (ROOT / readme).read_text(encoding="utf-8"), re.S)
    return found


@pytest.fixture(scope="module")
def demo() -> Server:
    with Server(DEFEN_ENV="demo") as server:
        server.start()
        yield server


def test_the_walk_in_the_readme_goes_from_joining_to_clean_books(demo: Server) -> None:
    script = walk("README.md").replace("http://127.0.0.1:8000", demo.url).replace(".venv/bin", str(BIN))
    done = subprocess.run(["bash", "-eu", "-c", script], cwd=ROOT, env=demo.environ, capture_output=True, text=True, timeout=60)
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    joined, checked_in, approved, scanned, again, transfers = answers
    assert (joined["name"], checked_in["points"], approved["points"], scanned["points"]) == ("钱多多", 1, 50, 30)
    assert again["code"] == "code_already_redeemed"
    assert [entry["points"] for entry in transfers["items"]] == [-30, 50, 1]
    assert "账目无误" in done.stdout, done.stderr


def test_both_readmes_walk_the_same_way() -> None:
    english, chinese = (re.sub(r"^#.*$", "", walk(name), flags=re.M) for name in ("README.md", "README.zh-CN.md"))
    assert english == chinese
