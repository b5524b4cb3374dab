"""What `make demo` runs, and the generators of its data. Not installed."""
