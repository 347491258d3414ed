"""This machine, by the names that need no TLS."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")
