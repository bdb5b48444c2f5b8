"""QR codes as pictures: black on white with a quiet zone of four modules, the same picture for as long as its code stands."""

import functools
import io

import qrcode
import qrcode.image.svg
from flask import Response
from markupsafe import Markup
from qrcode.constants import ERROR_CORRECT_M

QUIET = 4  # modules


def svg(token: str) -> Response:
    """The code as SVG."""
    return _picture(_draw(token, vector=True), "image/svg+xml")


def png(token: str) -> Response:
    """The code as PNG, ten pixels a module."""
    return _picture(_draw(token, vector=False), "image/png")


def inline(token: str) -> Markup:
    """The code as SVG that stands inside a page of HTML."""
    return Markup(_code(token).make_image(image_factory=qrcode.image.svg.SvgPathFillImage).to_string(encoding="unicode"))  # noqa: S704


@functools.lru_cache(maxsize=4096)
def modules(token: str) -> tuple[int, ...]:
    """The code's squares without its quiet zone, for scripts that draw it: a number for each row, its leftmost square on top."""
    code = _code(token)
    code.make()
    return tuple(sum(1 << place for place, dark in enumerate(reversed(row)) if dark) for row in code.modules)


def path(token: str) -> str:
    """The code's squares as the path of an SVG with one unit a square, the quiet zone of four left at each side."""
    rows = modules(token)
    size = len(rows)
    return "".join(
        f"M{x + QUIET},{y + QUIET}h1v1h-1z" for y, row in enumerate(rows) for x in range(size) if row >> (size - 1 - x) & 1
    )


def page(html: str) -> Response:
    """A page to print, which loads nothing and is kept nowhere."""
    response = _picture(html.encode(), "text/html")
    response.headers["Cache-Control"] = "no-store"
    return response


@functools.lru_cache(maxsize=1024)
def _draw(token: str, *, vector: bool) -> bytes:
    code = _code(token)
    out = io.BytesIO()
    if vector:
        code.make_image(image_factory=qrcode.image.svg.SvgPathFillImage).save(out)
    else:
        code.make_image(fill_color="black", back_color="white").save(out, "PNG")
    return out.getvalue()


def _code(token: str) -> qrcode.QRCode:  # type: ignore[type-arg]
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=10, border=QUIET)
    code.add_data(token)
    return code


def _picture(data: bytes, mimetype: str) -> Response:
    response = Response(data, mimetype=mimetype)
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return response
