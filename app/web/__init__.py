"""The web side that every audience shares: authentication, transaction, idempotency, refusals, paging, pictures."""
