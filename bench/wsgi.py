"""The product with one more route, which does nothing: what a caller, a key and a commit cost by themselves."""

from typing import Any

from app import create_app
from app.web import audience, unit_of_work
from app.web.idempotency import idempotent
from people.actors import Merchant

app = create_app()


@audience.merchant
@idempotent
def noop(actor: Merchant) -> dict[str, Any]:
    """Do nothing."""
    return {}


app.add_url_rule("/api/v1/bench/noop", "bench.noop", unit_of_work._in_unit_of_work(noop), methods=["POST"])
