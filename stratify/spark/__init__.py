"""Landing and building on Spark: the same SQL by way of sqlglot, the same writer and kernel in Spark's processes."""
