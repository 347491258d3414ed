"""From a row or telegram to a settled transaction."""
