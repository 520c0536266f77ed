"""The rules: who may, what follows, what is recorded."""
