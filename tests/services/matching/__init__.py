"""The matching engine, on arrays and profiles alone."""
