"""The audit from nothing: what the chain claims of readings, derived from what it was sent."""
