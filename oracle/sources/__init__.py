"""Where rows come from: one adapter a file."""
