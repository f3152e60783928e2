"""A path kept for code that imports it; the work is done in `context_manager.tokens`."""
