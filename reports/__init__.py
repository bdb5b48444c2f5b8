"""Read-only queries across packages: statements, and the check of the books."""
