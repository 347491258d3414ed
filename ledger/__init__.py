"""The chain as Python sees it: connecting, the deployment record, sending, events, units, codes."""
