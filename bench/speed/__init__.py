"""How long things take, as ratios to a bare floor measured in the same run. Never run by tests."""
