"""The layers hold: pages -> services -> models, never upward, and only screens know Streamlit."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {"models": {"models"}, "services": {"models", "services"}, "pages": {"models", "pages", "services"}}
OURS = {"app", "models", "pages", "services", "tests"}
# What a screen may take from models: enums say which choices there are; a table would be a way around the services.
SESSION_METHODS = {
    "add",
    "add_all",
    "commit",
    "delete",
    "exec",
    "execute",
    "flush",
    "get",
    "get_one",
    "merge",
    "scalars",
}


def files_of(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported_by(path: Path) -> set[str]:
    """The modules that a file imports, wherever in the file it does."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("layer", list(MAY_IMPORT))
def test_a_layer_imports_nothing_above_it(layer: str) -> None:
    broken = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files_of(layer)
        for name in imported_by(path)
        if name.split(".")[0] in OURS - MAY_IMPORT[layer]
    }

    assert broken == set()


def test_only_screens_and_the_server_import_streamlit() -> None:
    broken = {
        str(path.relative_to(ROOT))
        for folder in ("models", "services")
        for path in files_of(folder)
        if any(name.split(".")[0] in {"streamlit", "streamlit_authenticator"} for name in imported_by(path))
    }

    assert broken == set()


def test_no_screen_imports_another_screen() -> None:
    shared = {
        "pages.ui",
        "pages.address",
        "pages.frame",
        "pages.charts",
        "pages.authentication",
        "pages.pair_parts",
        "pages.pair_ways",
        "pages.pair_guide",
        "pages.pausing",
        "pages.parity",
        "pages.equality_questions",
        "pages.form_parts",
        "pages.enrolment_acts",
        "pages.enrolment_address",
        "pages.presses",
        "pages.unsaved",
        "pages.enrolment_list",
        "pages.enrolment_pausing",
        "pages.enrolment_views",
        "pages.enrolment_words",
        "pages.next_step",
        "pages.template_questions",
        "pages.review_again",
        "pages.review_charts",
        "pages.review_compare",
        "pages.review_decisions",
        "pages.review_list",
        "pages.review_pair",
        "pages.review_parts",
        "pages.review_pictures",
        "pages.review_running",
        "pages.review_what_if",
        "pages.proposal_acts",
        "pages.proposal_questions",
        "pages.proposal_rematch",
        "pages.proposal_sending",
        "pages.proposal_words",
        "pages.why",
        "pages.written",
        "pages.training_parts",
        "pages.training_modules",
        "pages.agreement_copies",
        "pages.agreement_parts",
        "pages.agreement_drafts",
        "pages.agreement_import",
        "pages.agreement_presses",
        "pages.agreement_publishing",
        "pages.agreement_signatures",
        "pages.mentor_list",
        "pages.enrolment_consents",
        "pages.question_match",
        "pages.ways_due",
        "pages.form_views",
        "pages.feedback_rounds",
        "pages.scheme_accounts",
        "pages.scheme_cohorts",
        "pages.scheme_equality",
        "pages.scheme_facts",
        "pages.scheme_new",
        "pages.scheme_people",
        "pages.second_looks",
    }
    broken = {
        f"{path.name} imports {name}"
        for path in files_of("pages")
        for name in imported_by(path)
        if name.startswith("pages.") and ".".join(name.split(".")[:2]) not in shared
    }

    assert broken == set()


def test_no_screen_imports_a_table() -> None:
    broken = {
        f"{path.name} imports {name}"
        for path in files_of("pages")
        for name in imported_by(path)
        if name.startswith("models.") and _is_table(name)
    }

    assert broken == set()


def test_no_screen_calls_the_database_session() -> None:
    broken = {
        f"{path.name}:{node.lineno} session.{node.func.attr}"
        for path in files_of("pages")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "session"
        and node.func.attr in SESSION_METHODS
    }

    assert broken == set()


def test_no_screen_draws_unescaped_html() -> None:
    forbidden = ("unsafe_allow_html", "unsafe_allow_javascript", "components.html")
    # The one script of ours, a constant that the policy names by its hash: it leaves for an address of the server.
    the_one = {"ui.py: unsafe_allow_javascript"}
    assert (ROOT / "pages" / "ui.py").read_text(encoding="utf-8").count("unsafe_allow_javascript") == 1
    broken = {
        f"{path.name}: {word}"
        for path in files_of("pages")
        for word in forbidden
        if word in path.read_text(encoding="utf-8")
    }

    assert broken - the_one == set()


def test_no_shared_cache_holds_what_a_person_sees() -> None:
    broken = {
        str(path.relative_to(ROOT))
        for path in files_of("pages")
        if path.name != "charts.py" and "st.cache_" in path.read_text(encoding="utf-8")
    }

    assert broken == set()


def _is_table(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    from importlib import import_module

    try:
        found = getattr(import_module(module), attribute, None)
    except ModuleNotFoundError:
        return False
    return hasattr(found, "__table__")
