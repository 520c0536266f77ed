"""How alike goals and work histories are: one interface, two ways to compare. Importing this loads no library."""
