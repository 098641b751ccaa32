"""Announces the printers on the local network by DNS-SD over multicast DNS (RFC 6762, RFC 6763)."""
