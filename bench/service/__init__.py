"""How fast the service answers, and whether it stays the same over time."""
