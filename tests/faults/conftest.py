"""The two databases of a real server, as the browser walks have them."""

from tests.browser.conftest import database_url

__all__ = ["database_url"]
