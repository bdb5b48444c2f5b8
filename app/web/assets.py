"""What pages are made of: our own styles and scripts, and those that npm brought at set-up.

`build`, which the Makefile runs, copies what pages use of `node_modules/` into `app/static/vendor/`, where git ignores it, with a
gzipped copy beside each file. Pages name a file by `asset("phone.css")`: the address carries the content's
digest, so browsers may keep it for a year.
"""

import gzip
import hashlib
import json
import shutil
from functools import cache
from pathlib import Path

from flask import Flask, url_for
from markupsafe import Markup, escape
from whitenoise import WhiteNoise

STATIC = Path(__file__).resolve().parent.parent / "static"
VENDOR = STATIC / "vendor"
ICONS = VENDOR / "icons.json"
YEAR_S = 365 * 24 * 3600
# What is served, and where npm puts it.
FILES = {
    "weui.css": "weui/dist/style/weui.min.css",
    "tabler.css": "@tabler/core/dist/css/tabler.min.css",
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "echarts.js": "echarts/dist/echarts.common.min.js",
    "zxing.js": "zxing-wasm/dist/iife/reader/index.js",
    "zxing_reader.wasm": "zxing-wasm/dist/reader/zxing_reader.wasm",
}


def install(app: Flask) -> None:
    """Serve the files, before any request reaches the app, and give templates `asset` and `icon`."""
    files = WhiteNoise(
        app.wsgi_app,
        max_age=YEAR_S,
        autorefresh=app.debug,
        mimetypes={".wasm": "application/wasm", ".js": "text/javascript"},
    )
    files.add_files(str(STATIC), prefix="static/")
    app.wsgi_app = files  # type: ignore[method-assign]
    app.add_template_global(asset)
    app.add_template_global(icon)


def asset(name: str) -> str:
    """The address of a file under `app/static/`, which changes with its content."""
    return url_for("static", filename=name, v=_digest(name))


def icon(name: str, label: str | None = None) -> Markup:
    """One of Tabler's outline icons, drawn where it stands; read aloud as `label`, or passed over where it only decorates."""
    spoken = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup(
        '<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"'
        ' stroke-linejoin="round" {}>{}</svg>'
    ).format(spoken, Markup(_icons()[name]))  # noqa: S704 (from the package, not from a caller)


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


@cache
def _icons() -> dict[str, str]:
    icons: dict[str, str] = json.loads(ICONS.read_text())
    return icons


def build(modules: str) -> None:
    """Fill `app/static/vendor/` from a folder of npm modules."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir()
    for name, source in FILES.items():
        data = Path(modules, source).read_bytes()
        (VENDOR / name).write_bytes(data)
        (VENDOR / f"{name}.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    nodes = json.loads(Path(modules, "@tabler/icons/tabler-nodes-outline.json").read_text())
    ICONS.write_text(json.dumps({name: "".join(_drawn(*node) for node in drawn) for name, drawn in nodes.items()}))


def _drawn(tag: str, attributes: dict[str, str]) -> str:
    said = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"<{tag} {said}/>"
