"""Looks at a text before it is remembered: secrets and personal numbers in it, and attempts to
give orders. Pure: text in, findings out; what is done about them is decided by the manager.
"""

from context_manager.screening.finding import Finding
from context_manager.screening.orders import find_orders
from context_manager.screening.secrets import KINDS, find_secrets, redacted

__all__ = ["KINDS", "Finding", "find_orders", "find_secrets", "redacted"]
