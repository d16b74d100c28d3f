"""How important what the log tells is, from the least to the most: ``log.level``."""

LEVELS = ("debug", "info", "warn", "error")
