"""Refusals are facts: a class each, whose name is the stable code and whose title is what people read."""

import re
from collections.abc import Callable
from typing import Any, ClassVar, Self


class Refusal(Exception):
    """Something was refused. `code` is for programs, `title` (Chinese) for people, `extra` goes into the answer beside them."""

    title: ClassVar[str] = "请求没有被接受"
    code: ClassVar[str] = "refused"

    def __init_subclass__(cls) -> None:
        """The class name in snake_case is the code: `InsufficientPoints` → `insufficient_points`."""
        if "code" not in cls.__dict__:
            cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.extra = extra
        self.remember: Callable[[], None] | None = None
        self.kept = False

    def keeping(self) -> Self:
        """Have the transaction committed all the same: it wrote nothing but what must be remembered of the refusal."""
        self.kept = True
        return self

    def remembering(self, write: Callable[[], None]) -> Self:
        """Have `write` run in a small transaction of its own after the refused one was rolled back."""
        self.remember = write
        return self


class BadRequest(Refusal):
    """What was sent cannot be understood."""


class NotSignedIn(Refusal):
    """Who asks is not known."""


class Forbidden(Refusal):
    """Who asks is known and may not."""


class Missing(Refusal):
    """It does not exist, at least not for who asks."""


class Conflict(Refusal):
    """It could be done, but not in the present state of things."""


class Gone(Refusal):
    """It was good once; its time is over."""


class TooBig(Refusal):
    """More was sent than is taken."""


class WrongMedia(Refusal):
    """What was sent is of a kind that is not taken."""


class Invalid(Refusal):
    """It can be read, but a field makes no sense."""


class TooOften(Refusal):
    """Asked too often; `retry_after_s` says how long to wait."""

    def __init__(self, detail: str | None = None, *, retry_after_s: int = 60, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.retry_after_s = retry_after_s


class Outage(Refusal):
    """Something needed cannot be reached right now."""

    def __init__(self, detail: str | None = None, *, retry_after_s: int = 2, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.retry_after_s = retry_after_s


class NotFound(Missing):
    title = "没有找到，请返回刷新后再试"


class ValidationFailed(Invalid):
    title = "有内容填写不正确，请检查后再提交"

    def __init__(self, errors: dict[str, Any]) -> None:
        super().__init__(errors=errors)


class Unavailable(Outage):
    title = "系统正忙，请稍后再试"


class TooManyRequests(TooOften):
    title = "操作太频繁，请稍后再试"
