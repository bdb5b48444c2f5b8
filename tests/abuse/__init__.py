"""Abuse: what callers try who want more than is theirs."""
