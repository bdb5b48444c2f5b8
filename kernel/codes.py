"""Codes: 18 digits that stand for a numbered thing.

Rotating ones are good for a minute and a half: `87`, eight digits of the thing's number, seven digits of a keyed digest of
(purpose, number, 30-second step), a check digit. Fixed ones, which are printed, begin with `88` and have no step in them: whether
one is still good its thing must say. Nothing is stored: whoever holds the key computes the code again. Both lie outside the
prefixes of WeChat's (10–15) and Alipay's (25–30) payment codes. A code is no proof of single use: that comes from the state of
what it stands for.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from kernel import clock, signing
from kernel.errors import BadRequest, Gone

PREFIX = "87"
FIXED_PREFIX = "88"
STEP_S = 30
STEPS_GOOD = 3  # the current step and the two before it
STEPS_KNOWN = 120  # steps up to an hour back are recognised, to say that the code is stale
_NUMBER_DIGITS, _MAC_DIGITS = 8, 7


class CodeInvalid(BadRequest):
    title = "这不是有效的码，请核对后再扫一次"


class CodeExpired(Gone):
    title = "这个码已经过期，请换用最新的码再扫一次"


class Freshness(Enum):
    """Whether a real code is still good."""

    GOOD = "good"
    STALE = "stale"


@dataclass(frozen=True)
class Code:
    """A code and the time in which it is good."""

    token: str
    valid_from: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Reading:
    """What a real code says: the number of the thing it stands for, and whether its time is over."""

    number: int
    freshness: Freshness


def ahead(purpose: str, number: int, count: int = 1) -> list[Code]:
    """The present code of a thing and those after it, `count` in all, for minutes without network."""
    step = _step(clock.now())
    return [_code(purpose, number, step + i) for i in range(count)]


def refresh_after_s() -> int:
    """Seconds until the next step begins, at least 1."""
    return STEP_S - int(clock.now().timestamp()) % STEP_S


def read(purpose: str, token: str) -> Reading | None:
    """What a token says, None where it is no code of this purpose, or none whose step has begun."""
    if not _is_whole(PREFIX, token):
        return None
    number, digest = int(token[2:10]), token[10:17].encode()
    now = _step(clock.now())
    for age in range(STEPS_KNOWN + 1):
        if signing.same(digest, _digest(purpose, number, now - age).encode()):
            return Reading(number, Freshness.GOOD if age < STEPS_GOOD else Freshness.STALE)
    return None


def fixed(purpose: str, number: int) -> str:
    """The one code of a thing that never changes, to be printed."""
    return _with_check_digit(f"{FIXED_PREFIX}{number:0{_NUMBER_DIGITS}d}{_digest(purpose, number)}")


def read_fixed(purpose: str, token: str) -> int | None:
    """The number of the thing a fixed code stands for, None where it is no fixed code of this purpose."""
    if not _is_whole(FIXED_PREFIX, token):
        return None
    number = int(token[2:10])
    return number if signing.same(token[10:17].encode(), _digest(purpose, number).encode()) else None


def check_digit(digits: str) -> str:
    """The check digit by ISO/IEC 7064 MOD 11,10: it shows every single wrong digit and nearly every swap of two."""
    remainder = 10
    for digit in digits:
        remainder = ((remainder + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - remainder) % 10)


def _code(purpose: str, number: int, step: int) -> Code:
    token = _with_check_digit(f"{PREFIX}{number:0{_NUMBER_DIGITS}d}{_digest(purpose, number, step)}")
    start = datetime.fromtimestamp(step * STEP_S, UTC)
    return Code(token, start, start + timedelta(seconds=STEP_S * STEPS_GOOD))


def _with_check_digit(digits: str) -> str:
    return digits + check_digit(digits)


def _is_whole(prefix: str, token: str) -> bool:
    looks_so = len(token) == 18 and token.isascii() and token.isdigit() and token.startswith(prefix)
    return looks_so and check_digit(token[:-1]) == token[-1]


def _digest(purpose: str, number: int, *step: int) -> str:
    value = int.from_bytes(signing.mac(f"code:{purpose}", number, *step)[:8], "big")
    return f"{value % 10**_MAC_DIGITS:0{_MAC_DIGITS}d}"


def _step(moment: datetime) -> int:
    return int(moment.timestamp()) // STEP_S
