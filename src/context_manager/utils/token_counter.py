"""`TokenCounter` under its public path; it lives in `context_manager.tokens`."""

from context_manager.tokens.counter import TokenCounter

__all__ = ["TokenCounter"]
