"""The house stays in order: what is written down about the code is true of the code."""

import re
from pathlib import Path

import pytest
from flask import Flask

from app.settings import ROOT
from app.web import problems
from kernel.errors import Refusal

LEDGERS_TABLES = re.compile(r"\b(FROM|JOIN|INTO|UPDATE|TABLE)\s+(transfers|accounts)\b")
LEDGERS_WRITES = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+(transfers|accounts)\b")
PACKAGES = ("kernel", "people", "points", "redeem", "reports", "app")


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


def refusals(kind: type[Refusal] = Refusal) -> set[type[Refusal]]:
    """All refusals that people can be given: those with a title of their own."""
    ours = "title" in kind.__dict__ and kind is not Refusal and kind.__module__.split(".")[0] in PACKAGES
    found = {kind} if ours else set()
    return found.union(*(refusals(below) for below in kind.__subclasses__()))


def test_only_the_ledger_writes_the_ledgers_tables() -> None:
    writers = {path.relative_to(ROOT).as_posix() for path in sources() if LEDGERS_WRITES.search(path.read_text())}
    assert writers == {"points/ledger.py"}


def test_only_the_ledger_the_wallets_and_the_reports_read_the_ledgers_tables() -> None:
    readers = {path.relative_to(ROOT).as_posix() for path in sources() if LEDGERS_TABLES.search(path.read_text())}
    assert readers == {
        "points/ledger.py",
        "points/wallets.py",
        "reports/books.py",
        "reports/facts.py",
        "reports/figures.py",
        "reports/personal_data.py",
        "reports/rollups.py",
        "reports/transfers.py",
    }


def test_every_error_code_is_in_the_docs_with_its_status_and_title(app: Flask) -> None:
    rows = {
        tuple(row) for row in re.findall(r"^\| `(\w+)` \| (\d+) \| (.+?) \|", (ROOT / "docs" / "errors.md").read_text(), re.M)
    }
    assert rows == {(refusal.code, str(problems.status_of(refusal)), refusal.title) for refusal in refusals()}


def test_error_codes_are_unique(app: Flask) -> None:
    codes = [refusal.code for refusal in refusals()]
    assert sorted(codes) == sorted(set(codes))


def test_every_setting_is_in_the_docs() -> None:
    code = (ROOT / "app" / "settings.py").read_text() + (ROOT / "gunicorn.conf.py").read_text()
    settings = set(re.findall(r'environ(?:\.get\(|, )"([A-Z_]+)"', code)) - {"PROMETHEUS_MULTIPROC_DIR"}
    documented = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(), re.M))
    assert settings == documented


def test_every_invariant_is_in_the_docs(app: Flask) -> None:
    from reports import books

    page = (ROOT / "docs" / "invariants.md").read_text()
    assert [name for name in books.INVARIANTS if name.split(" ", 1)[1] not in page] == []


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_maps_every_folder(readme: str) -> None:
    page = (ROOT / readme).read_text()
    folders = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and not path.name.startswith((".", "__")) and path.name not in ("var", "node_modules")
    }
    assert {name for name in folders if f"`{name}/`" not in page} == set()


def test_no_download_address_and_no_path_of_one_machine_is_in_the_tree() -> None:
    files = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt", *ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md"), *sources()]
    bad = re.compile(r"--(extra-)?index-url|pypi\.org|files\.pythonhosted|/(root|home)/\w")
    assert [str(path) for path in files if bad.search(path.read_text())] == []
