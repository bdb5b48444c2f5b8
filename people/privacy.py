"""The privacy statement and who consented to which version of it (PIPL articles 14 and 17)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock, ids
from kernel.database import Model, add
from kernel.errors import ValidationFailed

VERSION = "2026-11"
TITLE = "德分隐私政策"


class Consent(Model):
    """A resident's consent to one version of the privacy statement; `recorded_by` is the member of staff who showed it to him."""

    __tablename__ = "consents"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("residents.id"), index=True)
    version: Mapped[str]
    given_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]


def require_current(version: str) -> None:
    """Raises ValidationFailed where `version` is not the statement's present one."""
    if version != VERSION:
        raise ValidationFailed({"consent_version": ["隐私政策已更新，请阅读最新版本后再同意"]})


def record_consent(resident_id: UUID, version: str, recorded_by: UUID | None = None) -> None:
    """Put on record that a resident consented to a version now, by himself or before a member of staff."""
    add(Consent(id=ids.new(), resident_id=resident_id, version=version, given_at=clock.now(), recorded_by=recorded_by))
