"""The settings, read once from the environment and checked before anything starts."""

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from limits.errors import ConfigurationError
from limits.storage import storage_from_string
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent.parent
WECHAT = "https://api.weixin.qq.com"
WECHAT_OPEN = "https://open.weixin.qq.com"
MIN_SECRET = 32


class BadSettings(Exception):
    """A setting is missing or makes no sense; the message is one line for the operator."""


@dataclass(frozen=True)
class Settings:
    """All that can be set from outside; docs/settings.md says what each means."""

    env: str
    bind: str
    data_dir: Path
    upload_dir: Path
    secret_key: str = field(repr=False)
    timezone: str
    workers: int
    threads: int
    trusted_proxies: int
    ratelimit_storage_uri: str
    wechat_api_base: str
    notices_url: str | None = field(default=None, repr=False)
    wechat_app_id: str | None = None
    wechat_app_secret: str | None = field(default=None, repr=False)
    wechat_open_base: str = WECHAT_OPEN
    wechat_web_app_id: str | None = None
    wechat_web_app_secret: str | None = field(default=None, repr=False)
    database_url: str | None = field(default=None, repr=False)
    owner_database_url: str | None = field(default=None, repr=False)
    root: Path = ROOT

    @property
    def production(self) -> bool:
        return self.env == "production"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """The settings that `environ` gives.

        Raises:
            BadSettings: one is missing or makes no sense.
        """
        env = environ.get("DEFEN_ENV") or "demo"
        if env not in ("demo", "production"):
            raise BadSettings("DEFEN_ENV must be demo or production")
        data_dir = Path(environ.get("DATA_DIR") or ROOT / "var").absolute()
        settings = cls(
            env=env,
            bind=_bind(environ.get("BIND") or "127.0.0.1:8000"),
            data_dir=data_dir,
            upload_dir=_upload_dir(environ.get("UPLOAD_DIR"), data_dir),
            secret_key=environ.get("SECRET_KEY") or ("" if env == "production" else _demo_secret(data_dir)),
            timezone=_zone(environ.get("TIMEZONE") or "Asia/Shanghai"),
            workers=_whole(environ, "WEB_CONCURRENCY", 2, 1, 64),
            threads=_whole(environ, "WEB_THREADS", 6, 1, 64),
            trusted_proxies=_whole(environ, "TRUSTED_PROXIES", 0, 0, 5),
            ratelimit_storage_uri=_storage(environ.get("RATELIMIT_STORAGE_URI") or "memory://"),
            wechat_api_base=_http("WECHAT_API_BASE", environ.get("WECHAT_API_BASE") or WECHAT).rstrip("/"),
            notices_url=_http("NOTICES_URL", environ["NOTICES_URL"]) if environ.get("NOTICES_URL") else None,
            wechat_app_id=environ.get("WECHAT_APP_ID") or None,
            wechat_app_secret=environ.get("WECHAT_APP_SECRET") or None,
            wechat_open_base=_http("WECHAT_OPEN_BASE", environ.get("WECHAT_OPEN_BASE") or WECHAT_OPEN).rstrip("/"),
            wechat_web_app_id=environ.get("WECHAT_WEB_APP_ID") or None,
            wechat_web_app_secret=environ.get("WECHAT_WEB_APP_SECRET") or None,
            database_url=_postgres("DATABASE_URL", environ.get("DATABASE_URL")),
            owner_database_url=_postgres("DATABASE_OWNER_URL", environ.get("DATABASE_OWNER_URL")),
        )
        settings._check()
        return settings

    def _check(self) -> None:
        if self.wechat_app_id and not self.wechat_app_secret:
            raise BadSettings("WECHAT_APP_SECRET must be set together with WECHAT_APP_ID")
        if bool(self.wechat_web_app_id) != bool(self.wechat_web_app_secret):
            raise BadSettings("WECHAT_WEB_APP_ID and WECHAT_WEB_APP_SECRET must be set together")
        if not self.production:
            return
        for name, value in (
            ("DATABASE_URL", self.database_url),
            ("SECRET_KEY", self.secret_key),
            ("WECHAT_APP_ID", self.wechat_app_id),
        ):
            if not value:
                raise BadSettings(f"{name} must be set in production")
        if len(self.secret_key) < MIN_SECRET:
            raise BadSettings(f"SECRET_KEY must have at least {MIN_SECRET} characters in production")


def _bind(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise BadSettings("BIND must be host:port, such as 127.0.0.1:8000")
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadSettings("TIMEZONE must be the IANA name of a time zone, such as Asia/Shanghai") from None
    return name


def _whole(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environ.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
        raise BadSettings(f"{name} must be a whole number from {least} to {most}")
    return int(text)


def _http(name: str, url: str) -> str:
    if not re.fullmatch(r"https?://(\[[0-9A-Fa-f:]+\]|[^/:\s]+)(:[0-9]+)?(/\S*)?", url):
        raise BadSettings(f"{name} must be an http or https address")
    return url


def _postgres(name: str, url: str | None) -> str | None:
    if not url:
        return None
    if not re.match(r"postgres(ql)?(\+psycopg)?://", url):
        raise BadSettings(f"{name} must begin with postgresql://")
    url = re.sub(r"^[a-z+]+://", "postgresql+psycopg://", url)
    try:
        make_url(url)
    except (ArgumentError, ValueError):
        raise BadSettings(f"{name} must be postgresql://user:password@host:port/database") from None
    return url


def _demo_secret(data_dir: Path) -> str:
    """The demo's own secret, made at its first start and kept beside its data."""
    path = _folder("DATA_DIR", data_dir) / "secret_key"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=data_dir) as unfinished:
            unfinished.write(secrets.token_urlsafe(48))
            unfinished.flush()
            with contextlib.suppress(FileExistsError):  # another process was faster: its secret holds
                os.link(unfinished.name, path)
    return path.read_text()


def _upload_dir(given: str | None, data_dir: Path) -> Path:
    return _folder("UPLOAD_DIR", Path(given).absolute()) if given else _folder("DATA_DIR", data_dir / "uploads")


def _folder(name: str, path: Path) -> Path:
    with contextlib.suppress(OSError):
        path.mkdir(parents=True, exist_ok=True)
    if not (os.path.isdir(path) and os.access(path, os.W_OK | os.X_OK)):
        raise BadSettings(f"{name} must be a folder that can be made or written to")
    return path


def _storage(uri: str) -> str:
    if uri.startswith("memory"):
        return uri
    try:
        storage_from_string(uri)
    except (ConfigurationError, ValueError):
        raise BadSettings("RATELIMIT_STORAGE_URI must be memory:// or redis://host:port") from None
    return uri
