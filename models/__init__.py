"""Tables and enums: facts, no behaviour."""
