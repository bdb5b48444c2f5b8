"""The settings: what is missing or senseless stops the start with one clear line that names it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import ROOT, WECHAT, BadSettings, Settings

SECRET = "a secret for tests that is long enough"


@pytest.fixture
def demo(tmp_path: Path) -> dict[str, str]:
    """As little as the demo needs, in a folder of the test's own."""
    return {"DATA_DIR": str(tmp_path / "data")}


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    """As little as production needs."""
    return {
        "DEFEN_ENV": "production",
        "DATA_DIR": str(tmp_path / "data"),
        "DATABASE_URL": "postgresql://defen@db.example/defen",
        "SECRET_KEY": SECRET,
        "WECHAT_APP_ID": "wx0123456789abcdef",
        "WECHAT_APP_SECRET": "0123456789abcdef0123456789abcdef",
    }


def line_of(environ: dict[str, str]) -> str:
    """The one line with which the settings refuse to be read."""
    with pytest.raises(BadSettings) as refused:
        Settings.from_environ(environ)
    line = str(refused.value)
    assert line
    assert "\n" not in line
    return line


# --- the demo ----------------------------------------------------------------------------------------------------------------


def test_without_any_setting_it_is_the_demo_on_the_embedded_database(demo: dict[str, str], tmp_path: Path) -> None:
    settings = Settings.from_environ(demo)
    assert (settings.env, settings.production, settings.bind) == ("demo", False, "127.0.0.1:8000")
    assert (settings.timezone, settings.database_url, settings.wechat_app_id) == ("Asia/Shanghai", None, None)
    assert settings.wechat_api_base == WECHAT == "https://api.weixin.qq.com"
    assert settings.data_dir == tmp_path / "data"
    assert settings.upload_dir == tmp_path / "data" / "uploads"


def test_the_folders_are_made_where_they_are_missing(tmp_path: Path) -> None:
    environ = {"DATA_DIR": str(tmp_path / "a" / "b"), "UPLOAD_DIR": str(tmp_path / "c" / "d")}
    settings = Settings.from_environ(environ)
    assert settings.upload_dir.is_dir()
    assert settings.data_dir.is_dir()


def test_the_demo_makes_a_secret_once_and_keeps_it_to_itself(demo: dict[str, str], tmp_path: Path) -> None:
    first, second = Settings.from_environ(demo), Settings.from_environ(demo)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o077 == 0
    assert Settings.from_environ({"DATA_DIR": str(tmp_path / "other")}).secret_key != first.secret_key


def test_an_empty_setting_counts_as_not_set(demo: dict[str, str], production: dict[str, str]) -> None:
    empty = dict.fromkeys(
        ("BIND", "TIMEZONE", "DEFEN_ENV", "DATABASE_URL", "UPLOAD_DIR", "WECHAT_APP_ID", "WECHAT_API_BASE", "WEB_THREADS"), ""
    )
    assert Settings.from_environ(demo | empty) == Settings.from_environ(demo)
    assert "DATABASE_URL" in line_of(production | {"DATABASE_URL": ""})


def test_wechat_itself_is_asked_where_an_app_id_is_set_in_the_demo_too(demo: dict[str, str]) -> None:
    environ = demo | {"WECHAT_APP_ID": "wx1", "WECHAT_APP_SECRET": "s", "WECHAT_API_BASE": "http://127.0.0.1:9000/"}
    settings = Settings.from_environ(environ)
    assert (settings.wechat_app_id, settings.wechat_app_secret) == ("wx1", "s")
    assert settings.wechat_api_base == "http://127.0.0.1:9000"


@pytest.mark.parametrize("base", ["https://api2.weixin.qq.com", "http://localhost:9000/wechat", "http://[::1]:9000"])
def test_wechat_may_be_asked_at_another_address(demo: dict[str, str], base: str) -> None:
    assert Settings.from_environ(demo | {"WECHAT_API_BASE": base}).wechat_api_base == base


def test_notices_go_nowhere_or_to_just_the_address_that_is_set(demo: dict[str, str]) -> None:
    assert Settings.from_environ(demo | {"NOTICES_URL": ""}).notices_url is None
    settings = Settings.from_environ(demo | {"NOTICES_URL": "https://notices.example/in/?token=hidden"})
    assert settings.notices_url == "https://notices.example/in/?token=hidden"
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_database_may_be_named_in_the_usual_ways(demo: dict[str, str], scheme: str) -> None:
    settings = Settings.from_environ(demo | {"DATABASE_URL": f"{scheme}://defen:p%40ss@db.example:5433/defen?sslmode=require"})
    assert settings.database_url == "postgresql+psycopg://defen:p%40ss@db.example:5433/defen?sslmode=require"


# --- what makes no sense -------------------------------------------------------------------------------------------------------

SENSELESS = [
    ("DEFEN_ENV", "staging"),
    ("DEFEN_ENV", "Production"),
    ("BIND", "8000"),
    ("BIND", ":8000"),
    ("BIND", "127.0.0.1"),
    ("BIND", "127.0.0.1:"),
    ("BIND", "127.0.0.1:0"),
    ("BIND", "127.0.0.1:65536"),
    ("BIND", "127.0.0.1:http"),
    ("BIND", "127.0.0.1:-1"),
    ("BIND", "127.0.0.1:²"),
    ("BIND", "127.0.0.1:８０００"),
    ("TIMEZONE", "Mars/Olympus"),
    ("TIMEZONE", "../../etc/passwd"),
    ("TIMEZONE", "Asia"),
    ("WEB_THREADS", "0"),
    ("WEB_THREADS", "65"),
    ("WEB_THREADS", "six"),
    ("WEB_THREADS", "1.5"),
    ("WEB_THREADS", "²"),
    ("TRUSTED_PROXIES", "-1"),
    ("TRUSTED_PROXIES", "yes"),
    ("WECHAT_API_BASE", "api.weixin.qq.com"),
    ("WECHAT_API_BASE", "ftp://api.weixin.qq.com"),
    ("WECHAT_API_BASE", "http://"),
    ("WECHAT_API_BASE", "https://api weixin qq com"),
    ("WECHAT_API_BASE", "https://api.weixin.qq.com:port"),
    ("NOTICES_URL", "notices.example"),
    ("NOTICES_URL", "ftp://notices.example"),
    ("NOTICES_URL", "https://"),
    ("DATABASE_URL", "defen"),
    ("DATABASE_URL", "sqlite:///defen.db"),
    ("DATABASE_URL", "mysql://defen@db.example/defen"),
    ("DATABASE_URL", "postgresql://defen@db.example:port/defen"),
    ("DATABASE_OWNER_URL", "mysql://defen@db.example/defen"),
    ("RATELIMIT_STORAGE_URI", "nonsense"),
    ("RATELIMIT_STORAGE_URI", "nowhere://counts"),
]


@pytest.mark.parametrize(("name", "value"), SENSELESS)
def test_a_senseless_setting_stops_the_start_and_is_named(
    demo: dict[str, str], production: dict[str, str], name: str, value: str
) -> None:
    assert name in line_of(demo | {name: value})
    assert name in line_of(production | {name: value})


@pytest.mark.parametrize("name", ["DATA_DIR", "UPLOAD_DIR"])
def test_a_folder_that_cannot_be_is_named(demo: dict[str, str], tmp_path: Path, name: str) -> None:
    file = tmp_path / "a-file"
    file.write_text("")
    for path in (file, file / "below"):
        assert name in line_of(demo | {name: str(path)})


def test_an_app_id_of_wechat_wants_its_secret(demo: dict[str, str]) -> None:
    assert "WECHAT_APP_SECRET" in line_of(demo | {"WECHAT_APP_ID": "wx1"})


@pytest.mark.parametrize("alone", ["WECHAT_WEB_APP_ID", "WECHAT_WEB_APP_SECRET"])
def test_a_service_account_has_an_app_id_and_a_secret(demo: dict[str, str], alone: str) -> None:
    assert "WECHAT_WEB_APP_SECRET" in line_of(demo | {alone: "wx1"})
    both = {"WECHAT_WEB_APP_ID": "wx1", "WECHAT_WEB_APP_SECRET": "hidden", "WECHAT_OPEN_BASE": "http://127.0.0.1:9000/"}
    settings = Settings.from_environ(demo | both)
    assert (settings.wechat_web_app_id, settings.wechat_open_base) == ("wx1", "http://127.0.0.1:9000")
    assert "hidden" not in repr(settings)


def test_no_line_shows_a_secret(production: dict[str, str]) -> None:
    for name, value in (("DATABASE_URL", "mysql://defen:hidden@db.example/defen"), ("SECRET_KEY", "hidden")):
        assert "hidden" not in line_of(production | {name: value})
    shown = repr(Settings.from_environ(production | {"DATABASE_URL": "postgresql://defen:hidden@db.example/defen"}))
    assert "hidden" not in shown
    assert SECRET not in shown
    assert production["WECHAT_APP_SECRET"] not in shown


# --- production ----------------------------------------------------------------------------------------------------------------


def test_production_starts_with_what_it_needs(production: dict[str, str]) -> None:
    settings = Settings.from_environ(production)
    assert settings.production
    assert settings.database_url == "postgresql+psycopg://defen@db.example/defen"
    assert settings.secret_key == SECRET


@pytest.mark.parametrize("name", ["DATABASE_URL", "SECRET_KEY", "WECHAT_APP_ID", "WECHAT_APP_SECRET"])
def test_production_names_what_is_missing(production: dict[str, str], name: str) -> None:
    assert name in line_of({key: value for key, value in production.items() if key != name})
    assert name in line_of(production | {name: ""})


def test_production_wants_a_secret_of_32_characters(production: dict[str, str]) -> None:
    assert "SECRET_KEY" in line_of(production | {"SECRET_KEY": "x" * 31})
    assert Settings.from_environ(production | {"SECRET_KEY": "x" * 32}).production


def test_production_never_makes_a_secret_of_its_own(production: dict[str, str], tmp_path: Path) -> None:
    line_of({key: value for key, value in production.items() if key != "SECRET_KEY"})
    assert not (tmp_path / "data" / "secret_key").exists()


@pytest.mark.parametrize(
    "wrong", [{"BIND": "nonsense"}, {"DEFEN_ENV": "production"}, {"DATABASE_URL": "postgresql://defen@db.example:port/defen"}]
)
def test_the_start_stops_with_one_line(demo: dict[str, str], wrong: dict[str, str]) -> None:
    environ = {"PATH": os.environ["PATH"], **demo, **wrong}
    started = subprocess.run([sys.executable, "-c", "import wsgi"], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert started.returncode == 3
    assert started.stdout == ""
    assert started.stderr.startswith("defen: ")
    assert started.stderr.count("\n") == 1
