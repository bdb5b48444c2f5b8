"""Redeeming: the points shop, orders, their codes, and the merchant's scan."""
