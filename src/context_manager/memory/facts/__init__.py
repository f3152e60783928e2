"""Facts that change: found in what was said, kept with sources, replaced but never deleted."""
