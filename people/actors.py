"""Those who act. An actor is read from the database at every request, so rights and scope are never older than the request."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from kernel.errors import Forbidden, NotFound


class WrongRole(Forbidden):
    title = "您的账号没有做这件事的权限，请联系管理员"


@dataclass(frozen=True)
class Newcomer:
    """Somebody signed in through WeChat who has not joined a community yet. `id` is the WeChat account's."""

    id: UUID
    session_id: UUID
    openid: str
    kind: ClassVar[str] = "newcomer"


@dataclass(frozen=True)
class Resident:
    """A resident of a community. `wallet` owns the points he earns and pays with: his household where he has one, else he.

    Until staff have confirmed him, where the community asks for that, he may look but not act.
    """

    id: UUID
    session_id: UUID
    openid: str
    community_code: str
    name: str
    wallet: str
    household_id: UUID | None = None
    confirmed: bool = True
    kind: ClassVar[str] = "resident"


@dataclass(frozen=True)
class Merchant:
    """Somebody at a merchant's till. `id` is the login's, so that what each till did stays known."""

    id: UUID
    session_id: UUID
    merchant_id: UUID
    kind: ClassVar[str] = "merchant"


@dataclass(frozen=True)
class Staff:
    """A member of staff: a role, and a part of the organisation tree (`scope`, the lineage of a division).

    One who `must_enrol` works where a second factor is required and has none: until he has, he may do nothing else.
    """

    id: UUID
    session_id: UUID
    name: str
    role: str
    scope: str
    scope_code: str
    scope_level: str
    resident_id: UUID | None
    must_enrol: bool = False
    kind: ClassVar[str] = "staff"

    @property
    def community_code(self) -> str | None:
        """The community he works in or below; None for those who work above."""
        codes = self.scope.strip("/").split("/")
        return codes[2] if len(codes) > 2 else None

    @property
    def community_scope(self) -> str:
        """The lineage under which the things of a community are his to see: his scope, or for those below the community's."""
        codes = self.scope.strip("/").split("/")
        return f"/{'/'.join(codes[:3])}/"

    def sees(self, lineage: str) -> bool:
        """Whether a division, given by its lineage, lies in this part of the tree."""
        return lineage.startswith(self.scope)

    def must_see(self, lineage: str) -> None:
        """Raises NotFound for what lies outside: it does not exist for this member of staff."""
        if not self.sees(lineage):
            raise NotFound()

    def must_see_in_community(self, lineage: str) -> None:
        """As `must_see`, for what belongs to a whole community: those who work in a part of it may look at that too."""
        if not lineage.startswith(self.community_scope):
            raise NotFound()


@dataclass(frozen=True)
class System:
    """The product itself: its worker and its command line."""

    name: str = "system"
    id: None = None

    @property
    def kind(self) -> str:
        return self.name


@dataclass(frozen=True)
class Party:
    """Somebody for the record only: he is known, and not signed in yet."""

    kind: str
    id: UUID


WORKER = System("worker")
COMMAND_LINE = System("command")

Actor = Newcomer | Resident | Merchant | Staff
