"""Checks across channels, and warnings that leave at once and are confirmed by the chain after."""
