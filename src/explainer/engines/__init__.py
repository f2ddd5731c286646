"""The same work on record batches: Arrow in, Arrow out; adapters for Ray and Spark."""
