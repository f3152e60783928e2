"""What is remembered and for how long: short-term memory, long-term memory, summaries."""
