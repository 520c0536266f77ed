"""The evidence of the AULP scheme's code, clause by clause."""

from services.ledger import figures
from services.ledger.parity import PARITY
from services.ledger.registry import evidence
from services.ledger.shapes import Aim

evidence(
    "A-0",
    figures=(figures.answers("A-0", "say that the mentee reached their own conclusion"),),
    informs="The role statement stands in Agreements and in the first-meeting guide in Ways of working.",
    asks="The mentee's feedback form asks it in the middle and at the end.",
)
evidence(
    "A-ME1",
    figures=(figures.FIRST_CONTACT, figures.PROPOSALS),
    informs="The proposal email and Proposals name the mentor; My match shows how to reach them after the yes.",
    asks="Home asks the mentee to get in touch until a first contact is noted.",
)
evidence(
    "A-ME2",
    not_yet="Who arranged which meeting: invitations to meetings are not part of the software so far.",
    informs="The code says it in Agreements, and the first-meeting guide in Ways of working repeats it.",
    asks="Enrolment asks both for their time zone, Ways of working for the hour that suits them.",
)
evidence(
    "A-ME3",
    not_yet="Meetings with an agenda: planned meetings have none in the software so far.",
    informs="The code says it in Agreements; Resources has a page on making an agenda.",
    asks="Enrolment asks the mentee what they would like to explore.",
)
evidence(
    "A-MR1",
    figures=(figures.answers("A-MR1", "say that the mentee decides what is talked about"),),
    not_yet="The share of agendas that mentees wrote.",
    informs="The role statement and the first-meeting guide in Ways of working say who leads.",
    asks="The mentor's feedback form asks it in every round.",
)
evidence(
    "A-MR2",
    figures=(figures.WAYS,),
    informs="The role statement; the part about roles in the pair's ways of working.",
    asks="Both confirm it in Ways of working, and Home reminds them.",
)
evidence(
    "A-MR3",
    figures=(figures.CONFIDENCE,),
    not_yet="Consents to share a note: private notes are not part of the software so far.",
    informs="The part about confidentiality in the pair's ways of working; both confirm it.",
    asks="Ways of working asks both to confirm what stays between them.",
)
evidence(
    "A-MR4",
    figures=(
        figures.BOUNDARIES,
        figures.answers("A-MR4", "say that the mentor respects what the mentee wishes to keep private", target=0.95),
    ),
    informs="The part about boundaries in the pair's ways of working.",
    asks="The mentee's feedback form asks it in the middle and at the end.",
)
evidence(
    "A-MR5",
    figures=(figures.answers("A-MR5", "say that the mentor would like guidance from the scheme", aim=Aim.TELLS),),
    not_yet="Referrals opened and answered.",
    informs="Resources lists where to turn; the rights page names the coordinator.",
    asks="The mentor's feedback form asks whether guidance is wanted.",
)
evidence(
    "A-MR6",
    figures=(figures.answers("A-MR6", "say that the mentee steers more than at the beginning", target=0.60),),
    not_yet="Who owns which action: actions are not kept in the software so far.",
    informs="The role statement and the first-meeting guide in Ways of working.",
    asks="The mentor's feedback form asks it in the middle and at the end.",
)
evidence(
    "A-MR7",
    not_yet="Complaints opened and answered: they come to the coordinator outside the software.",
    informs="“Your rights and how to complain” can be opened from every screen.",
    asks="Feedback asks in every round how it goes; a complaint is made to the coordinator directly.",
)
evidence(
    "A-SH1",
    not_yet="Feedback between the two. Feedback to the scheme is another matter (A-SH6).",
    informs="The code says it in Agreements; Resources has a page on questions.",
    asks="Nothing in the software asks for it so far: the two do so in their meetings.",
)
evidence(
    "A-SH2",
    figures=(
        figures.CONFLICTS,
        figures.DECLARED,
        figures.KEPT_APART,
        figures.answers("A-SH2", "say that the two work well together"),
    ),
    informs="Enrolment and the answer to a proposal give examples of what stands in the way.",
    asks="Both are asked in private, at enrolment and with each proposal.",
)
evidence(
    "A-SH3",
    figures=(PARITY,),
    informs="Enrolment asks how somebody is called and which access needs they have, and says who sees it.",
    asks="Enrolment asks for pronouns, background and access needs, and under Consents, apart from all else, for "
    "equality data; nobody must answer any of it.",
)
evidence(
    "A-SH4",
    figures=(figures.ON_TIME, figures.NOT_HELD),
    not_yet="Notice of changes: meetings are not planned in the software so far.",
    informs="The code says it in Agreements.",
    asks="Each side's own record of a meeting asks whether it began on time.",
)
evidence(
    "A-SH5",
    figures=(figures.ENDED, figures.ENDED_BY),
    not_yet="Completed closing checklists.",
    informs="My match says before the act what ending sets off, and that no reason is needed.",
    asks="My match asks for a reason, and leaves it open.",
)
evidence(
    "A-SH6",
    figures=(figures.RECORDS,),
    not_yet="Answers to participation requests: no request is sent by the software so far.",
    informs="Meetings says that each side keeps its own record.",
    asks="Meetings asks each side for its own record.",
)
