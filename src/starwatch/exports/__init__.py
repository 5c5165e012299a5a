"""Files of windows that were drawn from a history: CSV, Parquet, Excel."""
