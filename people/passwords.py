"""Passwords: which are too easy to guess, and how they are stored."""

import functools

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kernel.errors import ValidationFailed

MIN_PASSWORD = 10
# Long enough, and still among the first that anybody tries; compared without regard to case.
_WORDS = """
    0000000000 0123456789 0987654321 1111111111 1212121212 123123123123 1234512345 1234567890 12345678901 123456789a 1234567890a
    1234567890q 147258369a 1q2w3e4r5t 1qaz2wsx3edc 5201314520 6666666666 8888888888 88888888aa 9876543210 9999999999 a123456789
    a1234567890 aa12345678 aa123456789 aaaaaaaaaa abc1234567 abc12345678 abc123456789 abcd123456 abcd1234567 abcdefghij
    admin12345 admin123456 admin@1234 adminadmin administrator asdfghjkl123 asdfghjkl; chongqing123 defen12345 defen123456
    iloveyou1314 letmein123 mima123456 password01 password1! password12 password123 password1234 passwordpassword p@ssw0rd123
    p@ssword123 q1w2e3r4t5 qaz123456789 qq123456789 qwer123456 qwer12345678 qwerty1234 qwerty12345 qwerty123456 qwertyuiop
    qwertyuiop123 welcome123 woaini1314 woaini1314520 woaini520520 zxcvbnm123 zxcvbnm123456
"""
COMMON = frozenset(_WORDS.split())

# 19 MiB, two passes, one lane: OWASP's recommendation for argon2id, small enough for every thread at once.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hashed(password: str, username: str, field: str = "password") -> str:
    """The hash under which a new password is stored.

    Raises:
        ValidationFailed: it is shorter than 10 characters, is the username, or is one that everybody tries.
    """
    if len(password) < MIN_PASSWORD or password.casefold() == username.casefold():
        raise ValidationFailed({field: [f"密码至少 {MIN_PASSWORD} 个字符，且不能与用户名相同"]})
    if password.casefold() in COMMON:
        raise ValidationFailed({field: ["这个密码太常见，容易被猜到，请换一个"]})
    return _hasher.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Whether this is the password; where there is none (None) it takes as long to say no."""
    try:
        return _hasher.verify(password_hash or _nobodys_hash(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


@functools.cache
def _nobodys_hash() -> str:
    return _hasher.hash("a password that nobody has")
