"""What any system needs and no domain word: database, clock, ids, errors, signing, paging, audit, idempotency, uploads."""
