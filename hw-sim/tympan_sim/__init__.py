"""Simulated printers: what a real one would have made of the bytes it got."""
