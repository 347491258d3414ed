"""The audit from nothing: what the chain claims of readings, derived again from what it was sent."""
