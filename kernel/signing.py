"""Keyed digests and encryption. Every purpose has a key of its own, derived from the one SECRET_KEY."""

import base64
import hashlib
import hmac
from functools import cache

from cryptography.fernet import Fernet

_secret = b""


def configure(secret_key: str) -> None:
    """Set the secret from which all keys are derived."""
    global _secret
    _secret = secret_key.encode()
    key.cache_clear()
    _cipher.cache_clear()


@cache
def key(purpose: str) -> bytes:
    """The 32-byte key for one purpose; keys of different purposes tell nothing about each other."""
    if not _secret:
        raise RuntimeError("signing.configure was not called")
    return hmac.digest(_secret, purpose.encode(), "sha256")


def mac(purpose: str, *parts: object) -> bytes:
    """A keyed digest (32 bytes) of `parts`, each length-prefixed so that no two lists of parts look alike."""
    message = b"".join(b"%d:%b" % (len(part), part) for part in (str(p).encode() for p in parts))
    return hmac.digest(key(purpose), message, "sha256")


def same(one: bytes, other: bytes) -> bool:
    """Whether two digests are equal, compared in constant time."""
    return hmac.compare_digest(one, other)


def token_digest(token: str) -> bytes:
    """The digest under which a random token is stored; a random token needs no key and no salt."""
    return hashlib.sha256(token.encode()).digest()


@cache
def _cipher(purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key(purpose)))


def encrypt(purpose: str, text: str) -> str:
    """`text`, readable only with the key of `purpose`."""
    return _cipher(purpose).encrypt(text.encode()).decode()


def decrypt(purpose: str, sealed: str) -> str:
    """The text that `encrypt` was given."""
    return _cipher(purpose).decrypt(sealed.encode()).decode()
