"""The plain page behind a proposal's link: who is proposed, what a yes means, and two buttons.

Looking changes nothing, because programs that read mail open links too; only a form sent from our own page decides
(the gateway refuses any other). Works on any phone, without Streamlit and without script.
"""

from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from models.enrolments import Side
from models.matching import ProposalStatus
from services import answering, plain_pages, storage, times
from services.answering import AnswerView
from services.errors import Conflict, Invalid, Refusal
from services.plain_pages import Button, Field, Form
from services.proposal_answers import Answered
from services.proposal_mine import MyState, OtherSide

FoundT = TypeVar("FoundT")

MOST_BYTES = 16_384
SIGN_IN = ("/", "Sign in to see more")
NO, YES, RELATIONSHIP, NOT_ME = "no", "yes", "relationship", "not_me"


def routes() -> list[Route]:
    """GET shows, POST decides."""
    return [
        Route("/answer/{token}", _show, methods=["GET"]),
        Route("/answer/{token}", _decide, methods=["POST"]),
    ]


async def _show(request: Request) -> Response:
    token = request.path_params["token"]
    try:
        view = await to_thread.run_sync(_with_session, lambda session: answering.seen(session, token))
    except Refusal as refusal:
        return _refused(refusal)
    return _page(view, token, request.query_params.get("choice", ""))


async def _decide(request: Request) -> Response:
    token, form = request.path_params["token"], {}
    if 0 < _length(request) <= MOST_BYTES:
        form = {key: str(value) for key, value in (await request.form(max_files=0, max_fields=10)).items()}
    choice = form.get("choice", "")
    if choice not in {YES, NO, RELATIONSHIP, NOT_ME}:
        return await _show(request)
    try:
        view = await to_thread.run_sync(_with_session, lambda session: answering.seen(session, token))
        answered = await to_thread.run_sync(_with_session, _decision(token, choice, form.get("reason")))
    except Invalid as refusal:
        return _saying_no(view, token, problem=str(refusal))
    except Refusal as refusal:
        return _refused(refusal)
    return _thanks(view, answered, choice)


def _with_session(work: Callable[[Session], FoundT]) -> FoundT:
    with storage.reading() as session:
        return work(session)


def _decision(token: str, choice: str, reason: str | None) -> Callable[[Session], Answered]:
    if choice == NOT_ME:
        return lambda session: answering.dispute(session, token)
    return lambda session: answering.answer(
        session, token, accepted=choice == YES, reason=reason, relationship=choice == RELATIONSHIP
    )


def _page(view: AnswerView, token: str, choice: str) -> Response:
    if view.can_dispute:
        return _disputing(view, token)
    if view.proposal.state is not MyState.TO_ANSWER:
        return _over(view)
    return _saying_no(view, token) if choice == NO else _asking(view, token)


def _asking(view: AnswerView, token: str) -> Response:
    proposal = view.proposal
    buttons = [
        Button(f"Yes, I would like to work with {proposal.other.name}", "choice", YES),
        Button("No, thank you", "choice", NO),
    ]
    title = "Your mentor could be" if proposal.side is Side.MENTEE else "Would you be the mentor of"
    until = times.in_words(proposal.expires_at, view.time_zone)
    return plain_pages.render(
        f"{title} {proposal.other.name}{'' if proposal.side is Side.MENTEE else '?'}",
        [
            *_described(proposal.other),
            proposal.after_yes,
            f"Please answer by {until}. Nothing is decided until you press a button.",
        ],
        form=Form(f"/answer/{token}", (), buttons),
        link=(f"/answer/{token}?choice={NO}", "Say no with a reason, or in private because of a relationship"),
    )


def _saying_no(view: AnswerView, token: str, problem: str = "") -> Response:
    hint = "Only the coordinator reads it. Leave it empty if you would rather not say."
    buttons = [
        Button("No, thank you", "choice", NO),
        Button("Yes, such a relationship stands in the way", "choice", RELATIONSHIP),
    ]
    return plain_pages.render(
        f"No to working with {view.proposal.other.name}?",
        [
            "That is fine. The two of you will not be proposed to each other again, and we look for somebody else.",
            " ".join(view.proposal.relationship_question).strip(),
            "If so, press the second button: we keep only that the two of you must not be paired, never why. "
            "The other person is told no more than that this pairing is not available.",
        ],
        form=Form(
            f"/answer/{token}", [Field("reason", "A reason, if you like", hint=hint, required=False)], buttons, problem
        ),
        link=(f"/answer/{token}", "Back to yes or no"),
        status=422 if problem else 200,
    )


def _disputing(view: AnswerView, token: str) -> Response:
    proposal = view.proposal
    said = "no" if proposal.state is MyState.DECLINED else "yes"
    received = (
        times.day_in_words(proposal.recorded_from_email_on, weekday=True) if proposal.recorded_from_email_on else ""
    )
    return plain_pages.render(
        "An answer was written down for you",
        [
            f"The coordinator of {proposal.scheme} wrote down that you answered {said} to working with "
            f"{proposal.other.name}, by an email received on {received}.",
            "If that is right, there is nothing to do.",
            "If it was not you, press the button: the answer is taken back at once. If a match was made of it, "
            "that match ends and contact details close again.",
        ],
        form=Form(f"/answer/{token}", (), [Button("This was not me", "choice", NOT_ME)]),
    )


def _over(view: AnswerView) -> Response:
    titles = {
        MyState.WAITING: "You have said yes",
        MyState.MATCHED: f"You and {view.proposal.other.name} work together",
        MyState.DECLINED: "You have said no to this proposal",
        MyState.EXPIRED: "This proposal has run out",
    }
    sentences = {
        MyState.WAITING: f"{view.proposal.other.name} answers next. We write to you when there is news.",
        MyState.MATCHED: "Sign in to see how to reach each other.",
        MyState.DECLINED: "There is nothing more to do. We look for somebody else.",
        MyState.EXPIRED: "Your place stays as it is: you are part of the next matching.",
    }
    state = view.proposal.state
    title = titles.get(state, "This pairing is not available any more")
    sentence = sentences.get(state, "Nobody did anything wrong. You are part of the next matching.")
    return plain_pages.render(title, [sentence, *_reply(view)], link=SIGN_IN)


def _thanks(view: AnswerView, answered: Answered, choice: str) -> Response:
    name = view.proposal.other.name
    if choice == NOT_ME:
        sentences = ["Thank you for telling us. That answer no longer counts.", *_reply(view)]
        return plain_pages.render("The answer was taken back", sentences, link=SIGN_IN)
    if answered.status is ProposalStatus.ACCEPTED:
        return plain_pages.render(f"You and {name} work together from now on", [_next_step(view)], link=SIGN_IN)
    if answered.status is ProposalStatus.SENT:
        return plain_pages.render(
            "Thank you", [f"We are asking {name} now, and write to you either way."], link=SIGN_IN
        )
    sentences = ["Your answer is recorded. We look for somebody else, and your waiting time counts on."]
    if view.proposal.side is Side.MENTOR:
        sentences = ["Your answer is recorded. Your place stays free for somebody else."]
    return plain_pages.render("Thank you for telling us", sentences, link=SIGN_IN)


def _next_step(view: AnswerView) -> str:
    name = view.proposal.other.name
    if view.proposal.side is Side.MENTEE:
        return f"The next step is yours: sign in to see how to reach {name}, and write a few lines."
    return f"{name} knows that the first message comes from them."


def _described(other: OtherSide) -> list[str]:
    """The fields that this side may read, each in a sentence of its own."""
    labelled = (("Role", other.role_title), ("Sector", other.sector), ("Hopes for", other.goals))
    facts = [f"{label}: {value}" for label, value in labelled if value]
    return [*facts, *([other.summary] if other.summary else [])]


def _reply(view: AnswerView) -> list[str]:
    return [f"If anything is unclear, write to {view.reply_address}."] if view.reply_address else []


def _refused(refusal: Refusal) -> Response:
    status = 409 if isinstance(refusal, Conflict) else 403
    return plain_pages.render(refusal.happened, [refusal.remedy], link=SIGN_IN, status=status)


def _length(request: Request) -> int:
    given = request.headers.get("content-length", "")
    return int(given) if given.isdecimal() else 0
