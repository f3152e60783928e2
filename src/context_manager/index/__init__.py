"""In-process search structures over the rows of one partition: growable columns and word lists.

They know arrays only: no store, no text, no query.
"""

from context_manager.index.columns import Column, Matrix
from context_manager.index.postings import LayeredPostings

__all__ = ["Column", "LayeredPostings", "Matrix"]
