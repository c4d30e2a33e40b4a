"""Where things are: countries, areas drawn on a map, airports. Nothing here does I/O."""
