"""Bytes to values and back, without any I/O: what the gateway reads on its way."""
