"""Record batches of questions or answers in, record batches out: what engines such as Ray and Spark run."""
