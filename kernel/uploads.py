"""Uploaded pictures: checked before they are decoded, written anew as JPEG without any metadata, found by id."""

import hashlib
import io
import logging
import os
import re
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import pillow_heif
from PIL import Image
from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock, ids
from kernel.database import Model, add, db, execute
from kernel.errors import NotFound, TooBig, WrongMedia

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
MAX_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 50_000_000
LONGEST_EDGE = 2048  # pixels; enough to see a clean yard on any screen
SMALL_EDGE = 480  # pixels; for lists, some 25 KB
UNUSED_KEPT = timedelta(days=2)
LOOKS_ALIKE = 8  # of the 64 bits of two pictures' `phash`, at most so many differ where one was made from the other
_STRUCTURED = 20  # so many of the 64 must come from a real difference of light, else the picture is too plain to tell
_MIXED = 6  # so many must go up, and so many down; a picture that only gets brighter to one side is plain too
_REAL = 3  # levels of 255; a smaller difference is noise
ORPHANS_KEPT = timedelta(days=1)

_ORIENTATION = 274  # the EXIF tag; its values, and what makes a picture upright
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_NAME = re.compile(r"([0-9a-f]{32})(\.small)?\.jpg")
log = logging.getLogger("defen")

pillow_heif.register_heif_opener(thumbnails=False)
_folder = Path()
# A decoded picture may take 150 MB: one at a time in each worker.
_decoding = threading.Lock()


class NotAnImage(WrongMedia):
    title = "这不是能识别的照片，请上传 JPEG、PNG、WebP 或 HEIC 格式的照片"


class TooLarge(TooBig):
    title = "内容太大了，请压缩或缩小后再上传"


class Upload(Model):
    """A stored picture. `digest` is of the bytes that were sent, so that the same file is known again.

    `phash` is what it looks like: pictures made from one another differ in few of its bits. A plain one has none.
    """

    __tablename__ = "uploads"
    __table_args__ = (CheckConstraint("width > 0 AND height > 0", name="size"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(index=True)
    digest: Mapped[bytes] = mapped_column(index=True)
    phash: Mapped[int | None]
    width: Mapped[int]
    height: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(index=True)


def configure(folder: Path) -> None:
    """Set the folder that holds the files."""
    global _folder
    _folder = folder


def path_of(upload_id: UUID, *, small: bool = False) -> Path:
    """Where the picture's file lies, or its small one's; the id's last digits, which are random, spread files over folders."""
    return _folder / upload_id.hex[-2:] / f"{upload_id.hex}{'.small' if small else ''}.jpg"


def store(owner_id: UUID, stream: BinaryIO) -> Upload:
    """Keep the picture in `stream` for `owner_id`: upright, at most 2048 pixels wide or high, position and all else stripped.

    Raises:
        TooLarge: more than 12 MiB, or more than 50 million pixels.
        NotAnImage: no whole JPEG, PNG, WebP or HEIC.
    """
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise TooLarge()
    jpeg, small, (width, height), phash = _as_jpeg(data)
    upload = Upload(
        id=ids.new(),
        owner_id=owner_id,
        digest=hashlib.sha256(data).digest(),
        phash=phash,
        width=width,
        height=height,
        created_at=clock.now(),
    )
    _write(path_of(upload.id, small=True), small)
    _write(path_of(upload.id), jpeg)
    add(upload)
    return upload


def owned(owner_id: UUID, upload_ids: list[UUID]) -> list[Upload]:
    """The uploads with these ids, in this order.

    Raises:
        NotFound: one of them is not `owner_id`'s.
    """
    found = {upload.id: upload for upload in among(owner_id, upload_ids)}
    if not found.keys() >= set(upload_ids):
        raise NotFound()
    return [found[i] for i in upload_ids]


def among(owner_id: UUID, upload_ids: Sequence[UUID]) -> list[Upload]:
    """Those of these uploads that are `owner_id`'s."""
    return list(db.session.scalars(db.select(Upload).where(Upload.id.in_(upload_ids), Upload.owner_id == owner_id)))


def forget_unused(in_use: str, limit: int) -> list[UUID]:
    """Delete pictures older than two days for which the SQL query `in_use` finds nothing, `limit` at most.

    The ids of those that are gone, whose files are to be deleted after the commit.
    """
    gone = execute(
        text(
            f"""
            DELETE FROM uploads WHERE id = ANY(ARRAY(
                SELECT id FROM uploads WHERE created_at < :before AND NOT EXISTS ({in_use}) LIMIT :limit)) RETURNING id
            """
        ),
        before=clock.now() - UNUSED_KEPT,
        limit=limit,
    )
    return list(gone.scalars())


def orphans(limit: int) -> list[Path]:
    """Files older than a day that belong to no picture, `limit` at most.

    One look goes through a twenty-fourth of the folder, another each hour, so that a day goes through all of it.
    """
    hour, before = clock.now().hour, (clock.now() - ORPHANS_KEPT).timestamp()
    folders = [_folder / f"{number:02x}" for number in range(256) if number % 24 == hour]
    old = [file for folder in folders if folder.is_dir() for file in folder.iterdir() if file.stat().st_mtime < before]
    named = [(UUID(found[1]), file) for file in old if (found := _NAME.fullmatch(file.name))]
    ids_named = [upload_id for upload_id, _ in named]
    known = set(execute(text("SELECT id FROM uploads WHERE id = ANY(:ids)"), ids=ids_named).scalars())
    unfinished = [file for file in old if file.suffix == ".part"]
    return [*unfinished, *(file for upload_id, file in named if upload_id not in known)][:limit]


def _as_jpeg(data: bytes) -> tuple[bytes, bytes, tuple[int, int], int | None]:
    try:
        # Opening reads the header only, so the size is known before a single pixel is unpacked.
        with _decoding, Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise TooLarge()
            picture.thumbnail((LONGEST_EDGE, LONGEST_EDGE))
            turn = _UPRIGHT.get(picture.getexif().get(_ORIENTATION, 1))
            upright = picture.transpose(turn) if turn is not None else picture
            flat = Image.new("RGB", upright.size, "white")
            flat.paste(upright, mask=upright.getchannel("A") if upright.mode in ("RGBA", "LA") else None)
            jpeg, size, phash = _encoded(flat), flat.size, _phash(flat)
            flat.thumbnail((SMALL_EDGE, SMALL_EDGE))
            return jpeg, _encoded(flat), size, phash
    except (TooLarge, Image.DecompressionBombError):
        raise TooLarge() from None
    except Exception:  # whatever a decoder makes of hostile bytes, they are no picture
        log.warning("a picture could not be read", exc_info=True)
        raise NotAnImage() from None


def _encoded(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def _phash(picture: Image.Image) -> int | None:
    """Where the picture gets brighter from left to right, in 8 rows of 8 steps: 64 bits, signed as the database has them."""
    light = picture.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    steps = [light[9 * row + column + 1] - light[9 * row + column] for row in range(8) for column in range(8)]
    bits = sum(1 << place for place, step in enumerate(steps) if step > 0)
    real = sum(abs(step) >= _REAL for step in steps)
    if real < _STRUCTURED or not _MIXED <= bits.bit_count() <= 64 - _MIXED:
        return None
    return bits - (1 << 64) if bits >= 1 << 63 else bits


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
