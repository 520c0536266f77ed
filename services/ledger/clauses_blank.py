"""The evidence of the short code that a scheme of one's own begins with."""

from services.ledger import figures
from services.ledger.registry import evidence

evidence(
    "B-1",
    informs="The code says it in Agreements, where it is signed.",
    asks="The feedback form asks how well the two work together.",
)
evidence(
    "B-2",
    figures=(figures.answers("B-2", "say that the mentee reached their own conclusion"),),
    informs="The role statement in Agreements and the first-meeting guide in Ways of working.",
    asks="The mentee's feedback form asks it in the middle and at the end.",
)
evidence(
    "B-3",
    figures=(figures.ON_TIME, figures.NOT_HELD),
    not_yet="Notice of changes: meetings are not planned in the software so far.",
    informs="The code says it in Agreements.",
    asks="Each side's own record of a meeting asks whether it began on time.",
)
evidence(
    "B-4",
    figures=(figures.CONFIDENCE,),
    not_yet="Consents to share a note: private notes are not part of the software so far.",
    informs="The part about confidentiality in the pair's ways of working.",
    asks="Ways of working asks both to confirm it.",
)
evidence(
    "B-5",
    figures=(figures.CONFLICTS, figures.DECLARED, figures.KEPT_APART),
    informs="Enrolment and the answer to a proposal give examples of what stands in the way.",
    asks="Both are asked in private, at enrolment and with each proposal.",
)
evidence(
    "B-6",
    figures=(figures.RELEASES,),
    informs="Enrolment says beside each switch who sees an address or number, and from when.",
    asks="Enrolment asks for each channel by itself.",
)
evidence(
    "B-7",
    figures=(figures.RECORDS, figures.answers("B-7", "say that the two work well together")),
    informs="Meetings says that each side keeps its own record.",
    asks="Home, Meetings and Feedback ask for what is due.",
)
evidence(
    "B-8",
    figures=(figures.ENDED,),
    informs="My match says before the act what ending sets off.",
    asks="My match asks for a reason, and leaves it open.",
)
