"""Spreadsheets as they come in and go out."""

from flask import Response
from werkzeug.datastructures import FileStorage

from kernel import tables

AROUND_BYTES = 64 * 1024  # what multipart puts around the file
TAKES_BYTES = tables.MAX_BYTES + AROUND_BYTES
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def table_of(file: FileStorage) -> tables.Table:
    """The table in an uploaded file. Raises as `tables.read`."""
    file.stream.seek(0)  # this may be the second try of the request
    return tables.read(file.stream.read(tables.MAX_BYTES + 1))


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
