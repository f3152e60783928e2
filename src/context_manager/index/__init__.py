"""In-process search structures over the rows of one partition: columns, word lists, vectors.

They know arrays only: no store, no text, no query. Indexes of vectors are chosen by name.
"""

from context_manager.index.columns import Column, Matrix
from context_manager.index.postings import LayeredPostings
from context_manager.index.protocol import Nearness, VectorIndex
from context_manager.registry import Registry

vector_indexes: Registry[VectorIndex] = Registry(
    "context_manager.vector_indexes",
    {
        "numpy": "context_manager.index.scanned:ScannedVectors",
        "faiss": "context_manager.index.faiss:FaissVectors",
    },
)
"""Indexes of vectors by name; a factory takes the dimension, and options as keywords."""

__all__ = ["Column", "LayeredPostings", "Matrix", "Nearness", "VectorIndex", "vector_indexes"]
