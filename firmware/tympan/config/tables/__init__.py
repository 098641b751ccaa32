"""The tables of the configuration, a file each: every key with its default, its range and what it means."""
