"""Spreadsheets as they come in and go out."""

from flask import Response
from werkzeug.datastructures import FileStorage

from kernel import tables

AROUND_BYTES = 64 * 1024  # what multipart puts around the file
TAKES_BYTES = tables.MAX_BYTES + AROUND_BYTES
CSV = "text/csv"
BYTES = {"type": "string", "format": "binary"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def bytes_of(file: FileStorage) -> bytes:
    """What is in an uploaded file, and a byte more than is taken where it is too big."""
    file.stream.seek(0)  # this may be the second try of the request
    return file.stream.read(tables.MAX_BYTES + 1)


def name_of(file: FileStorage) -> str:
    """What the file is called, to be shown only."""
    return "".join(part for part in (file.filename or "") if part.isprintable())[-100:]


def csv(name: str, data: bytes) -> Response:
    """A CSV file to keep."""
    return _file(f"{name}.csv", data, f"{CSV}; charset=utf-8")


def xlsx(name: str, data: bytes) -> Response:
    """An XLSX file to keep."""
    return _file(f"{name}.xlsx", data, XLSX)


def _file(name: str, data: bytes, content_type: str) -> Response:
    response = Response(data, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
