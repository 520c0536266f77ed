"""The server: Streamlit with the gate in front of it, a few plain pages beside it, and the worker behind it.

It hands Streamlit the script pages/menu.py and never itself: a script with a sibling folder `pages/` would let anybody
run any file in that folder straight from its address.
"""

import gc
import logging
import os
import re
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

import streamlit as st
from anyio import to_thread
from sqlmodel import Session
from starlette.middleware import Middleware
from streamlit import config, runtime

from pages import presses, thrift
from services import (
    address_routes,
    answer_routes,
    first_start,
    jobs,
    join_routes,
    production,
    rights_routes,
    second_factor_routes,
    session_routes,
    storage,
    verification_routes,
    welcome_routes,
)
from services.gateway import Gateway, Holding
from services.gateway_headers import LEAVING, script_hash
from services.schema import migrate
from services.settings import settings

log = logging.getLogger("mentoring")


def inline_scripts() -> list[str]:
    """The scripts that may run although they stand in a page: Streamlit's own, and the one that leaves a page."""
    page = files("streamlit").joinpath("static/index.html").read_text(encoding="utf-8")
    return [*re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL), LEAVING]


def holding(name: str) -> Holding | None:
    """Whose Streamlit session this is. Reads its internals, which is why its version is held to one minor."""
    running: Any = runtime.get_instance()
    found = running._session_mgr.get_session_info(name)
    if found is None:
        return None
    files_held = running.uploaded_file_mgr.file_storage.get(name, {}).values()
    return Holding(found.session._user_info.get("app_session"), sum(len(record.data) for record in files_held))


def prepare() -> None:
    """Bring the database up to date, and say how to begin when nobody has an account yet."""
    migrate(storage.engine())
    with Session(storage.engine()) as session:
        code = first_start.announce(session)
    if code is not None:
        sys.stderr.write(f"\n  Nobody has an account yet. Open the page and enter this code once: {code}\n\n")
        sys.stderr.flush()


def apologise(_error: Exception) -> bool:
    """What a reader sees of a bug: that it happened, what to do, and a reference that stands in the log too."""
    reference = secrets.token_hex(4)
    log.exception("A screen broke; its reader was given the reference %s", reference)
    st.error(
        f"Something went wrong on our side, and this step was not saved. Try again; if it happens again, "
        f"tell the coordinator the reference {reference}.",
        icon=":material/error:",
    )
    return True


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    wrong = production.unsafe(config.get_option) if settings().is_production else []
    if wrong:
        raise SystemExit("This server does not start with unsafe settings:\n- " + "\n- ".join(wrong))
    await to_thread.run_sync(prepare)
    worker = jobs.start() if settings().worker_in_server else None
    # What is loaded now stays for good: the collector need never look at it again.
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        if worker is not None:
            await to_thread.run_sync(worker.stop)


presses.keep_all()
thrift.begin()
routes = [
    *session_routes.routes(),
    *second_factor_routes.routes(),
    *welcome_routes.routes(),
    *address_routes.routes(),
    *answer_routes.routes(),
    *join_routes.routes(),
    *rights_routes.routes(),
    *verification_routes.routes(),
]
app = st.App(
    "pages/menu.py",
    routes=routes,
    middleware=[
        Middleware(
            Gateway,
            script_hashes=[script_hash(each) for each in inline_scripts()],
            holding=holding,
            addresses=[route.path_regex for route in routes],
        )
    ],
    lifespan=lifespan,
    on_script_error=apologise,
)

if __name__ == "__main__":
    app.run(config={"server.port": int(os.environ.get("MENTORING_PORT", "8501"))})
