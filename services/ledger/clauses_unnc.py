"""The evidence of the UNNC alumni scheme's mentor agreement, code and mentee agreement, clause by clause."""

from services.ledger import figures
from services.ledger.registry import evidence
from services.ledger.shapes import Aim

CONFIDENCE = "Private notes and disclosures are not part of the software so far."
EXCEPTIONS = "The agreement and the mentee's Ways of working say in which three cases a mentor may speak."

evidence(
    "U-1",
    figures=(figures.LISTED, figures.WISHES, figures.SEARCHES),
    informs="Enrolment says beside the switch what students see; Mentors shows those four facts and no other.",
    asks="Enrolment asks for the consent, which can be taken back at any time.",
)
evidence(
    "U-2",
    figures=(figures.RELEASES,),
    informs="Enrolment says beside each switch who sees an address or number, and from when.",
    asks="Enrolment asks for each channel by itself.",
)
evidence(
    "U-3",
    figures=(figures.UNTRAINED,),
    informs="Home and Training say what is still to do; Matching review leaves out whoever is not ready.",
    asks="Training asks for the module and its check before a first match.",
)
evidence(
    "U-4",
    figures=(
        figures.answers("U-4", "say that the student gets closer to their goals", target=0.70),
        figures.GOALS_WRITTEN,
    ),
    not_yet="Goals set and reached per pair: goals with a date are not kept so far.",
    informs="The first-meeting guide in Ways of working speaks of a first goal.",
    asks="Enrolment asks for goals; the mentor's feedback form asks about progress.",
)
evidence(
    "U-5",
    figures=(figures.RHYTHM, figures.answers("U-5", "say that the two are in touch as agreed", target=0.75)),
    informs="My match and Home show when the two were last in touch.",
    asks="My match notes a contact in one press; the coordinator's Home says which pairs have gone quiet.",
)
evidence(
    "U-6",
    figures=(figures.MENTORS_FORMS, figures.answers("U-6", "say that the two work well together")),
    informs="Home shows a form that is due before anything else.",
    asks="Feedback asks in each round that the coordinator opens, and reminds.",
)
evidence(
    "U-7",
    figures=(figures.answers("U-7", "say that a mentor would like the coordinator's help", aim=Aim.TELLS),),
    not_yet="Cases, and how soon they are acknowledged and closed.",
    informs="The rights page says whom to turn to.",
    asks="The mentor's feedback form asks whether there is a problem.",
)
evidence(
    "U-8",
    not_yet=f"Reads by anybody else. {CONFIDENCE}",
    informs=EXCEPTIONS,
    asks="The pair settles in Ways of working what stays between them.",
)
evidence(
    "U-8a",
    "U-8b",
    "U-8c",
    not_yet=f"Disclosures under this exception. {CONFIDENCE}",
    informs=EXCEPTIONS,
    asks="Nothing in the software asks about it so far: a mentor speaks with the coordinator directly.",
)
evidence(
    "U-9",
    figures=(figures.SIGNED,),
    informs="Agreements shows the text in force, and what changed since one signed.",
    asks="Home and Agreements ask for the signature again when a new edition is published.",
)
evidence(
    "U-C1.1",
    figures=(figures.PUBLISHED,),
    informs="Agreements shows the code with its version, its day and what changed.",
)
evidence(
    "U-C2.1",
    figures=(figures.WAYS, figures.CONFIDENCE),
    not_yet="Reads of notes (U-8).",
    informs=EXCEPTIONS,
    asks="Ways of working asks both to settle and confirm them.",
)
evidence(
    "U-C2.2",
    not_yet="Agendas: planned meetings have none in the software so far.",
    informs="The first-meeting guide in Ways of working gives the mentee the first word.",
    asks="Enrolment asks the mentee for goals.",
)
evidence(
    "U-C2.3",
    figures=(figures.answers("U-C2.3", "say that the mentor is honest, competent and discreet", target=0.90),),
    informs="The code says it in Agreements, where it is signed.",
    asks="The mentee's feedback form asks it in the middle and at the end.",
)
evidence(
    "U-C2.4",
    figures=(figures.CHANNELS,),
    informs="Enrolment, My match and Meetings offer no other channels than the scheme's own.",
    asks="Each record asks by which channel it was.",
)
evidence(
    "U-C3.1",
    not_yet=f"Disclosures. {CONFIDENCE}",
    informs=EXCEPTIONS,
    asks="The pair settles in Ways of working what stays between them.",
)
evidence(
    "U-C4.1",
    figures=(figures.UNSIGNED_PAIRS,),
    informs="Agreements and Home say what is to be signed.",
    asks="Nobody is matched, nor begins, without the signature.",
)
evidence(
    "U-C4.2",
    figures=(figures.NEEDS,),
    informs="Enrolment says beside each question who sees the answer.",
    asks="Enrolment asks for year, level and needs; nobody must answer about needs, or share them with the mentor.",
)
evidence(
    "U-C4.3",
    figures=(figures.CULTURE, figures.BACKGROUND),
    informs="Ways of working has a part on it.",
    asks="Enrolment asks the mentee what a mentor should know; nobody must answer, or share it.",
)
evidence(
    "U-C4.4",
    "U-C6.1",
    figures=(figures.WAYS,),
    informs="The first-meeting guide in Ways of working.",
    asks="Ways of working and Home ask both to settle and confirm it after the first meeting.",
)
evidence(
    "U-C4.5",
    figures=(figures.CONFLICTS, figures.DECLARED, figures.KEPT_APART),
    informs="Enrolment and the answer to a proposal give examples of what stands in the way.",
    asks="Both are asked in private, at enrolment and with each proposal.",
)
evidence(
    "U-C5.1",
    figures=(figures.IN_DATE,),
    informs="Home and Training say what is due and until when a completion counts.",
    asks="Training asks for further modules by their day, and the coordinator reminds.",
)
evidence(
    "U-C5.2",
    figures=(figures.REFERRED,),
    informs="The code says it in Agreements; a mentee's waiting time goes on after a referral.",
    asks="My match offers “Somebody else is better placed to help” as a reason for the ending.",
)
evidence(
    "U-C5.3",
    figures=(figures.AWAY,),
    informs="Enrolment says before the act what a break or leaving sets off.",
    asks="On the day of return they are asked whether they are back.",
)
evidence(
    "U-C6.2",
    figures=(figures.RHYTHM,),
    informs="My match and Ways of working show what the two agreed.",
    asks="Ways of working asks how often, when and how long.",
)
evidence(
    "U-C6.4",
    figures=(figures.EXPECTATIONS,),
    informs="The first-meeting guide brings the two together only when both are done.",
    asks="Ways of working asks each, alone, what they expect.",
)
evidence(
    "U-C6.5",
    figures=(figures.RESOURCES, figures.READERS),
    informs="Resources shows what is new since the last visit, and writes to whoever wants it.",
)
evidence(
    "U-C6.6",
    figures=(figures.answers("U-C6.6", "say that the mentee's own view counted for more"),),
    informs="The role statement says it in Agreements and in the first-meeting guide in Ways of working.",
    asks="The mentee's feedback form asks it in the middle and at the end.",
)
evidence(
    "U-C6.7",
    figures=(figures.answers("U-C6.7", "say that the mentor has asked the student how they are doing", target=0.60),),
    not_yet="Feedback that mentors asked for in the last quarter.",
    informs="The code says it in Agreements.",
    asks="The mentor's feedback form asks it in the middle and at the end.",
)
evidence(
    "U-C6.8",
    figures=(figures.ENDED,),
    informs="My match says what ending sets off, and that no reason is needed.",
    asks="My match offers the code's three reasons, and three that say less.",
)
evidence(
    "UM-1",
    figures=(figures.WISHES,),
    informs="Mentors shows what a mentor does before a wish is made.",
    asks="Mentors asks for wishes in order.",
)
evidence(
    "UM-2",
    figures=(figures.GOALS_WRITTEN,),
    not_yet="Goals with a date.",
    informs="The first-meeting guide in Ways of working.",
    asks="Enrolment asks for goals.",
)
evidence(
    "UM-3",
    figures=(figures.ON_TIME, figures.NOT_HELD),
    not_yet="Notice of changes.",
    informs="The mentee agreement says it in Agreements.",
    asks="Each side's own record asks whether the meeting began on time.",
)
evidence(
    "UM-4",
    "UM-5",
    "UM-6",
    informs="The mentee agreement says it in Agreements.",
    asks="The mentee agreement asks for a signature under it.",
)
evidence(
    "UM-7",
    not_yet="Cases.",
    informs="The rights page says whom to turn to.",
    asks="The mentee's feedback form asks how it goes.",
)
