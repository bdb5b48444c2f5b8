"""Corrections: staff take a credit back by a transfer that names it."""

from uuid import UUID

from kernel import audit
from kernel.errors import NotFound
from people import divisions, households, messages
from people.actors import Staff
from points import feed, ledger, wallets
from points.wallets import Entry


def reverse(actor: Staff, transfer_id: UUID, *, reason: str) -> Entry:
    """Take a credit back, with a reason on record; the feed thanks nobody any more for a donation that does not count.

    Raises:
        NotFound: no such transfer in the actor's part of the tree.
        ledger.NotReversible: it is no credit; what an order holds or pays is undone through the order.
        ledger.AlreadyReversed: it was taken back before.
        ledger.InsufficientPoints: the wallet has fewer points than the credit gave.
    """
    community_code = _must_see(actor, transfer_id)
    posted = ledger.reverse(transfer_id, households.wallet_now)
    audit.record(actor, "transfer.reverse", posted.id, community_code, reverses=transfer_id, reason=reason)
    source_type, source_id = wallets.source_of(transfer_id)
    if source_type == "donation":
        feed.take_off_silently(source_id, reason)
    taken = wallets.entry(posted.id)
    what = f"“{taken.title.removeprefix('冲正：')}”得到的 {-taken.points} 分已收回，余额为 {taken.balance_after} 分。"
    body = f"{what}原因：{reason}。如有疑问，请联系社区工作人员。"
    messages.tell_owners(wallets.owner_of(posted.id), "points.taken_back", "有积分被收回", body, "transfer", posted.id)
    return taken


def _must_see(actor: Staff, transfer_id: UUID) -> str:
    """The community of a transfer. Raises NotFound where it is not in the actor's part of the tree."""
    community_code = ledger.community_of(transfer_id)
    if community_code is None:
        raise NotFound()
    actor.must_see(divisions.lineage_of(community_code))
    return community_code
