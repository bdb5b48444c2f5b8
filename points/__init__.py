"""Points: the ledger, and what earns them: rules, check-ins, deeds and their review."""
