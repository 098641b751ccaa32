"""Transports and drivers: what knows hardware. Found through entry points; the firmware never imports them by name."""
