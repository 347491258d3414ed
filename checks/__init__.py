"""What `make check` runs beyond format, lint and types; each finding names its file and line."""
