"""Benchmarks: the product as in production, its own database, driven from outside. See README.md."""
