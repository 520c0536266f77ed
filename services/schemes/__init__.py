"""Scheme templates: what a new scheme starts from, as data. `templates.load` reads them."""
