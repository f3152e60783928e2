"""Language models behind one narrow seam; every provider is imported on first use."""
