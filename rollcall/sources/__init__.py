"""Files and databases in; validation; the DuckDB snapshot."""
