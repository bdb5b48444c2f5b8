"""Uploads: photos are checked, written anew without their metadata, and shown under signed addresses."""

import io
import resource
import struct
import time
import zlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import ExifTags, Image
from werkzeug.test import TestResponse

from kernel import clock
from tests.answers import refused, refused_fields
from tests.cast import Caller, Cast, photo

MIB = 1024 * 1024
GIF = bytes.fromhex("47494638396101000100800000ff00ff0000002c00000000010001000002024401003b")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PROGRAM = b"MZ\x90\x00" + bytes(range(256)) * 40


def upload(caller: Caller, data: bytes | io.BytesIO, name: str = "photo.jpg") -> TestResponse:
    return caller.post("/uploads", data={"file": (io.BytesIO(data) if isinstance(data, bytes) else data, name)})


def bomb(edge: int) -> bytes:
    """A PNG of edge × edge white pixels, a few kilobytes small: a row of bits, again and again."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compressobj(9)
    row = b"\x00" + b"\xff" * ((edge + 7) // 8)
    packed = b"".join(rows.compress(row) for _ in range(edge)) + rows.flush()
    header = struct.pack(">IIBBBBB", edge, edge, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def from_a_phone() -> io.BytesIO:
    """A photo held upright by a phone that stores it lying, with the place where it was taken: its left half red."""
    picture = Image.new("RGB", (80, 40), "blue")
    picture.paste("red", (0, 0, 40, 40))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # turn a quarter clockwise to see it upright
    exif[ExifTags.Base.Make] = "SecretPhone"
    exif[ExifTags.IFD.GPSInfo] = {1: "N", 2: (29.0, 29.0, 1.0), 3: "E", 4: (106.0, 29.0, 1.0)}
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif, quality=95, comment=b"SecretPlace")
    assert Image.open(out).getexif().get_ifd(ExifTags.IFD.GPSInfo), "the test needs a photo with a position"
    out.seek(0)
    return out


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_photos_of_all_kinds_that_phones_make_are_taken(cast: Cast, kind: str) -> None:
    answer = upload(cast.grandmother, photo(kind=kind, size=(320, 240)))
    assert answer.status_code == 201
    assert answer.json.keys() == {"id", "url", "width", "height"}
    assert (answer.json["width"], answer.json["height"]) == (320, 240)
    shown = cast.nobody.get(answer.json["url"])
    assert (shown.status_code, shown.content_type) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(shown.data)).format == "JPEG"


def test_the_position_and_all_else_that_a_phone_tells_is_stripped_and_the_photo_stands_upright(cast: Cast) -> None:
    answer = upload(cast.grandmother, from_a_phone())
    assert (answer.json["width"], answer.json["height"]) == (40, 80)
    shown = cast.nobody.get(answer.json["url"]).data
    picture = Image.open(io.BytesIO(shown))
    assert picture.size == (40, 80)
    assert not picture.getexif()
    assert "exif" not in picture.info
    assert not any(word in shown for word in (b"Exif", b"GPS", b"SecretPhone", b"SecretPlace"))
    red, blue = picture.getpixel((20, 10)), picture.getpixel((20, 70))
    assert red[0] > 200 > 60 > red[2]
    assert blue[2] > 200 > 60 > blue[0]


def test_a_large_photo_is_made_smaller_and_keeps_its_proportions(cast: Cast) -> None:
    answer = upload(cast.grandmother, photo(size=(4000, 3000)))
    assert (answer.json["width"], answer.json["height"]) == (2048, 1536)


def test_what_was_transparent_is_white(cast: Cast) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(out, "PNG")
    shown = cast.nobody.get(upload(cast.grandmother, out.getvalue()).json["url"])
    assert Image.open(io.BytesIO(shown.data)).getpixel((4, 4)) == (255, 255, 255)


def test_what_is_no_whole_photo_is_refused_whatever_it_is_called(cast: Cast) -> None:
    bmp = io.BytesIO()
    Image.new("RGB", (8, 8)).save(bmp, "BMP")
    whole = photo(size=(640, 480)).getvalue()
    for data in (GIF, SVG, PROGRAM, bmp.getvalue(), b"", b"\xff\xd8\xff", whole[: len(whole) // 2], b"<html>" + whole):
        refused(upload(cast.grandmother, data), 415, "not_an_image")
    broken = bytearray(photo(kind="PNG").getvalue())
    broken[60:90] = bytes(30)
    refused(upload(cast.grandmother, bytes(broken), "photo.png"), 415, "not_an_image")


@pytest.mark.parametrize("edge", [14_000, 8_000])
def test_an_image_bomb_is_refused_before_it_is_unpacked(cast: Cast, edge: int) -> None:
    data = bomb(edge)
    assert len(data) < 100_000
    caller, before, began = cast.grandmother, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    refused(upload(caller, data, "photo.png"), 413, "too_large")
    assert time.perf_counter() - began < 0.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kilobytes


def test_a_photo_may_have_twelve_mebibytes_and_not_a_byte_more(cast: Cast) -> None:
    small = photo().getvalue()
    assert upload(cast.grandmother, small + bytes(12 * MIB - len(small))).status_code == 201
    refused(upload(cast.grandmother, small + bytes(12 * MIB - len(small) + 1)), 413, "too_large")
    refused(upload(cast.grandmother, small + bytes(20 * MIB)), 413, "too_large")


def test_a_form_of_very_many_parts_is_refused(cast: Cast) -> None:
    parts: dict[str, Any] = {f"part{number}": "x" for number in range(5000)}
    refused(cast.grandmother.post("/uploads", data={**parts, "file": (photo(), "photo.jpg")}), 413, "too_large")


def test_an_upload_without_a_file_is_refused(cast: Cast) -> None:
    refused_fields(cast.grandmother.post("/uploads", data={"file": "no file"}, content_type="multipart/form-data"), "file")
    refused_fields(cast.grandmother.post("/uploads", data={"photo": (photo(), "photo.jpg")}), "file", "photo")
    both = {"file": (photo(), "photo.jpg"), "more": "42"}
    refused_fields(cast.grandmother.post("/uploads", data=both), "more")
    refused(cast.grandmother.post("/uploads", {"file": "x"}), 415, "unsupported_media_type")
    refused(cast.grandmother.post("/uploads"), 415, "unsupported_media_type")
    refused(cast.grandmother.post("/uploads", data=b"xx", content_type="multipart/form-data"), 422, "validation_failed")


def test_a_photo_is_served_as_a_picture_and_as_nothing_else(cast: Cast) -> None:
    shown = cast.nobody.get(upload(cast.grandmother, photo(), "evil.html").json["url"])
    assert shown.content_type == "image/jpeg"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert "evil" not in str(shown.headers)


def test_the_address_of_a_photo_is_signed_and_short_lived(cast: Cast) -> None:
    mine, other = upload(cast.grandmother, photo()).json, upload(cast.grandmother, photo("red")).json
    nowhere = refused(cast.nobody.get("/photos/019dd1c0-7a10-7cc3-98c4-dc0c0c07398f.jpg"), 404, "not_found")
    parts = urlsplit(mine["url"])
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    forged = [
        {**query, "expires": str(int(query["expires"]) + 3600)},
        {**query, "signature": query["signature"][:-1] + ("0" if query["signature"][-1] != "0" else "1")},
        {**query, "signature": ""},
        {**query, "signature": "签名"},
        {"expires": query["expires"]},
        {"signature": query["signature"]},
        {**query, "expires": "-1"},
        {**query, "expires": "9" * 30},
        {**query, "expires": "٣"},
    ]
    for tampered in forged:
        assert refused(cast.nobody.get(parts.path, query_string=tampered), 404, "not_found") == nowhere
    elsewhere = mine["url"].replace(mine["id"], other["id"])
    assert refused(cast.nobody.get(elsewhere), 404, "not_found") == nowhere
    with clock.stopped_at(clock.now() + timedelta(minutes=45)):
        assert cast.nobody.get(mine["url"]).status_code == 200
    with clock.stopped_at(clock.now() + timedelta(minutes=90)):
        assert refused(cast.nobody.get(mine["url"]), 404, "not_found") == nowhere


def test_a_photo_has_a_fresh_address_wherever_it_is_listed(cast: Cast) -> None:
    photo_id = upload(cast.grandmother, photo()).json["id"]
    body = {"rule_id": cast.patrol, "occurred_on": str(clock.today()), "description": "巡逻", "upload_ids": [photo_id]}
    deed = cast.grandmother.post("/deeds", body).json["id"]
    with clock.stopped_at(clock.now() + timedelta(minutes=25)):
        later = cast.grandmother.get(f"/deeds/{deed}").json["photos"][0]["url"]
    with clock.stopped_at(clock.now() + timedelta(minutes=80)):
        assert cast.nobody.get(later).status_code == 200


def test_residents_and_staff_upload_photos_and_nobody_else(cast: Cast) -> None:
    assert upload(cast.admin, photo()).status_code == 201
    refused(upload(cast.barber, photo()), 403, "wrong_role")
    refused(upload(cast.newcomer, photo()), 403, "not_registered")
    refused(upload(cast.nobody, photo()), 401, "unauthenticated")


def test_a_body_of_json_may_have_two_mebibytes_and_no_more_where_a_photo_may_have_twelve(cast: Cast) -> None:
    def body(size: int) -> bytes:
        frame = b'{"token": ""}'
        return frame.replace(b'""', b'"' + b"1" * (size - len(frame)) + b'"')

    fits = cast.barber.post("/merchant/scans", data=body(2 * MIB), content_type="application/json")
    refused(fits, 400, "code_invalid")
    too_long = cast.barber.post("/merchant/scans", data=body(2 * MIB + 1), content_type="application/json")
    refused(too_long, 413, "too_large")
    refused(cast.grandmother.post("/checkins", data=body(3 * MIB), content_type="application/json"), 413, "too_large")
    signing_in = cast.nobody.post("/auth/password", data=body(3 * MIB), content_type="application/json")
    refused(signing_in, 413, "too_large")


def notes(*entries: tuple[int, int, bytes]) -> bytes:
    """EXIF notes with entries of (tag, type, value); a value of eight bytes stands after the entries."""
    size, after, body = 10 + 12 * len(entries) + 4, b"", b""
    for tag, kind, value in entries:
        placed = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", size + len(after))
        after += value if len(value) > 4 else b""
        body += struct.pack("<HHI", tag, kind, 3 if kind == 2 else 1) + placed
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + b"\0\0\0\0" + after


@pytest.mark.parametrize("odd", [(282, 2, b"ab\0"), (270, 5, struct.pack("<II", 1, 3)), (274, 2, b"ab\0")])
def test_odd_notes_in_a_photo_do_not_matter(cast: Cast, odd: tuple[int, int, bytes]) -> None:
    sideways = notes((270, 2, b"x\0"), (274, 3, b"\x06\0"))
    assert upload(cast.grandmother, photo(exif=sideways)).json["width"] == 240
    answer = upload(cast.grandmother, photo(exif=notes((274, 3, b"\x06\0"), odd)))
    assert answer.status_code == 201
