"""The figures of the ledger, each with its words and its definition. Which clause shows which stands in `clauses_*`."""

from models.pairings import EndReason
from services.ledger.shapes import Aim, Figure
from services.pair_facts import IN_RHYTHM, QUIET, SILENT

NOT_DUE = "not yet due"
ENDINGS = {
    EndReason.HELP_RECEIVED: "help received",
    EndReason.NO_LONGER_HELPS: "no longer helps",
    EndReason.REFERRED_ELSEWHERE: "referred elsewhere",
    EndReason.PERSONAL: "personal reasons",
    EndReason.END_OF_COHORT: "end of cohort",
    EndReason.NOT_GIVEN: "no reason given",
}
RHYTHM = Figure(
    key="rhythm",
    source="pairs",
    part=IN_RHYTHM,
    base="moves",
    words="{part} of {base} open pairs keep the rhythm that they agreed",
    definition="Open pairs, without those on a break, whose last contact or meeting lies no further back than the "
    "scheme's quiet limit times the interval that they agreed. Quiet is past that limit, silent past the second one.",
    target=0.75,
    target_key="in_rhythm",
    also=((QUIET, "quiet"), (SILENT, "silent")),
)
FIRST_CONTACT = Figure(
    key="first_contact",
    source="pairs",
    part="contact_in_time",
    base="contact_due",
    words="{part} of {base} pairs were in contact within 7 days",
    definition="Pairs with any contact or meeting on record within 7 days of the release of contact details, of pairs "
    "released at least 7 days ago. Days of a break do not count.",
    target=0.80,
    target_key="first_contact_in_time",
    left_out="contact_not_due",
)
PROPOSALS = Figure(
    key="proposals",
    source="proposals",
    part="answered",
    base="sent",
    words="{part} of {base} proposals that were sent have an answer",
    definition="Proposals that were sent and not taken back, and those of them with a yes or a no. The usual time is "
    "the hour by which half were answered, with those that still wait counted as waiting.",
    aim=Aim.TELLS,
    hours="median_hours",
    screen=("proposals", "Open the proposals"),
)
WAYS = Figure(
    key="ways",
    source="pairs",
    part="agreed",
    base="ways_due",
    words="{part} of {base} pairs have confirmed their ways of working",
    definition="Open pairs whose first recorded meeting lies {ways_days} or more back, and those of them in which both "
    "confirmed an edition. Before, on or after the day of that meeting is told beside it.",
    target=0.90,
    also=(
        ("agreed_before", "before the first meeting"),
        ("agreed_at", "on its day"),
        ("agreed_after", "after it"),
    ),
)
BOUNDARIES = Figure(
    key="boundaries",
    source="pairs",
    part="boundaries",
    base="settled",
    words="{part} of {base} agreed ways of working say where the boundaries are",
    definition="Open pairs with ways of working in force, and those of them whose edition in force has a section on "
    "boundaries. What it says is the pair's alone.",
    target=0.90,
)
CONFIDENCE = Figure(
    key="confidence",
    source="pairs",
    part="confidence",
    base="ways_due",
    words="{part} of {base} pairs have both confirmed what stays between them",
    definition="Open pairs whose first recorded meeting lies {ways_days} or more back, and those of them whose ways of "
    "working in force, confirmed by both, have a section on confidentiality. What it says is the pair's alone.",
    target=0.90,
)
CULTURE = Figure(
    key="culture",
    source="pairs",
    part="culture",
    base="settled",
    words="{part} of {base} agreed ways of working speak of background and culture",
    definition="Open pairs with ways of working in force, and those of them whose edition in force has the section on "
    "background and culture. It is optional: the number has no good direction.",
    aim=Aim.TELLS,
)
EXPECTATIONS = Figure(
    key="expectations",
    source="pairs",
    part="expects",
    base="ways_due",
    words="in {part} of {base} pairs both have written what they expect",
    definition="Open pairs whose first recorded meeting lies {ways_days} or more back, and those of them in which each "
    "side has finished writing what it expects.",
    target=0.80,
)
RELEASES = Figure(
    key="releases",
    source="pairs",
    part="releases",
    base="all",
    words="{part} of {base} matches have both releases on record",
    definition="Matches ever made in this cohort, and those of them with a record, for each side, of the contact "
    "details that were opened to the other. A match without both would be a fault.",
    aim=Aim.ALL,
)
UNTRAINED = Figure(
    key="untrained",
    source="pairs",
    part="untrained",
    base="open",
    words="{part} of {base} open pairs have a mentor whose required training is incomplete or out of date",
    definition="Open pairs whose mentor does not hold, on this day, a completion that counts for every module that "
    "mentors must have done. There should be none.",
    aim=Aim.NONE,
)
UNSIGNED_PAIRS = Figure(
    key="unsigned_pairs",
    source="pairs",
    part="unsigned",
    base="open",
    words="{part} of {base} open pairs have a mentor without a signature that counts",
    definition="Open pairs whose mentor has signed neither the edition in force nor, while the days of grace last, an "
    "older one, of a text that mentors must sign. There should be none.",
    aim=Aim.NONE,
)
SIGNED = Figure(
    key="signed",
    source="mentors",
    part="signed",
    base="signers",
    words="{part} of {base} mentors have signed the editions in force",
    definition="Approved mentors, on a break or not, and those of them who signed the edition now in force of every "
    "text that mentors must sign, in any language; nobody while there is no such text. Before the days of grace are "
    "over an older edition still counts for new matches, but not here.",
)
IN_DATE = Figure(
    key="in_date",
    source="mentors",
    part="in_date",
    base="mentors",
    words="{part} of {base} mentors are up to date with required training",
    definition="Approved mentors, on a break or not, and those of them who hold a completion that counts today for "
    "every required module whose day has come.",
    screen=("training", "Open Training"),
)
LISTED = Figure(
    key="listed",
    source="mentors",
    part="listed",
    base="mentors",
    words="{part} of {base} mentors let students see their profile",
    definition="Approved mentors whose consent to stand in the directory is given now. It is theirs to give: the "
    "number has no good direction.",
    aim=Aim.TELLS,
)
SEARCHES = Figure(
    key="searches",
    source="library",
    part="searches",
    words="students searched the directory {part} times",
    definition="Searches in the directory since the cohort began. Neither the words nor who searched are kept.",
    aim=Aim.TELLS,
)
WISHES = Figure(
    key="wishes",
    source="mentees",
    part="wishing",
    base="mentees",
    words="{part} of {base} mentees have wished for a mentor",
    definition="Approved mentees, on a break or not, and those of them with at least one wish.",
    aim=Aim.TELLS,
)
DECLARED = Figure(
    key="declared",
    source="pairs",
    part="declared",
    base="open",
    words="in {part} of {base} open pairs both answered the question about conflicts",
    definition="Open pairs in which each of the two answered the private question about relationships, at enrolment "
    "or with this very proposal.",
)
CONFLICTS = Figure(
    key="conflict",
    source="pairs",
    part="conflict",
    base="open",
    words="{part} of {base} open pairs are between two who must not be paired",
    definition="Open pairs of which somebody said that the two must not be paired. There should be none; one that is "
    "said later asks the coordinator to look at the pair.",
    aim=Aim.NONE,
)
KEPT_APART = Figure(
    key="kept_apart",
    source="library",
    part="kept_apart",
    words="{part} private answers keep two people apart",
    definition="Entries by people of this cohort about somebody whom they must not be paired with. Only the number is "
    "shown, to anybody: who and why stays private.",
    aim=Aim.TELLS,
)
NEEDS = Figure(
    key="needs",
    source="mentees",
    part="needs",
    base="mentees",
    words="{part} of {base} mentees said what they need",
    definition="Approved mentees who wrote what they need, or chose what would help them. Answering is their choice, "
    "and so is sharing it with the mentor: the number has no good direction.",
    aim=Aim.TELLS,
    lists=False,
)
BACKGROUND = Figure(
    key="background",
    source="mentees",
    part="background",
    base="mentees",
    words="{part} of {base} mentees said what a mentor should know of their background",
    definition="Approved mentees who answered that question. Answering is their choice: the number has no good "
    "direction.",
    aim=Aim.TELLS,
    lists=False,
)
GOALS_WRITTEN = Figure(
    key="goals_written",
    source="mentees",
    part="has_goals",
    base="mentees",
    words="{part} of {base} mentees wrote goals when they enrolled",
    definition="Approved mentees, and those of them whose form has an answer about goals. It may stay blank.",
    aim=Aim.TELLS,
)
CHANNELS = Figure(
    key="channels",
    source="channels",
    part="elsewhere",
    base="noted",
    words="of {base} contacts and meetings noted in 30 days, {part} went by a channel that the scheme does not have",
    definition="Contacts noted and meetings recorded as held in the last 30 days, each side's own note by itself, by "
    "channel. None should be outside the scheme's own channels.",
    aim=Aim.NONE,
    also=(
        ("by_email", "by email"),
        ("by_telephone", "by telephone"),
        ("by_wechat", "by WeChat"),
        ("by_video", "by video"),
        ("by_in_person", "in person"),
    ),
    screen=("meetings", "Open the meetings"),
)
ON_TIME = Figure(
    key="on_time",
    source="records",
    part="on_time",
    base="told",
    words="{part} of {base} records of 30 days say that the meeting began on time",
    definition="Records of held meetings of the last 30 days that say whether it began on time, and those of them that "
    "say yes. Each side's record counts by itself.",
    target=0.90,
    screen=("meetings", "Open the meetings"),
)
NOT_HELD = Figure(
    key="not_held",
    source="records",
    part="not_held",
    base="recorded",
    words="{part} of {base} records of 30 days say that the meeting did not take place",
    definition="Records of the last 30 days, and those of them that say that the meeting did not take place, whether "
    "it was called off or somebody did not come. Each side's record counts by itself.",
    aim=Aim.TELLS,
    screen=("meetings", "Open the meetings"),
)
RECORDS = Figure(
    key="records",
    source="agreement",
    part="both",
    base="either",
    words="{part} of {base} meetings of 30 days are in both records",
    definition="Held meetings of the last 30 days by at least one record, and those of them that both recorded with "
    "starts no more than 30 minutes apart. Two records further apart count as two meetings.",
    target=0.80,
    target_key="records_by_both",
    screen=("meetings", "Open the meetings"),
)
MENTORS_FORMS = Figure(
    key="mentors_forms",
    source="answers",
    part="in",
    base="due",
    words="mentors answered {part} of {base} feedback forms whose day is over",
    definition="Feedback forms asked of mentors whose day is over, those of them that were sent, and those that are "
    "overdue. Forms whose day is still to come are told beside them, sent already or not.",
    also=(("overdue", "overdue"),),
    left_out="not_due",
    target=0.60,
    target_key="feedback_response",
    screen=("feedback", "Open Feedback"),
)
RESOURCES = Figure(
    key="resources",
    source="library",
    part="resources",
    words="{part} texts and links are in the library",
    definition="What the scheme has published in Resources and not taken back.",
    aim=Aim.TELLS,
    is_about_people=False,
    screen=("resources", "Open Resources"),
)
READERS = Figure(
    key="readers",
    source="mentors",
    part="reading",
    base="mentors",
    words="{part} of {base} mentors have opened something in the library",
    definition="Approved mentors, on a break or not, and those of them who opened at least one text or link. No screen "
    "says who read what.",
    aim=Aim.TELLS,
    lists=False,
)
ENDED = Figure(
    key="ended",
    source="pairs",
    part="ended",
    base="all",
    words="{part} of {base} matches have ended",
    definition="Matches ever made in this cohort, and those of them that ended, by the reason that was given. Nobody "
    "needs a reason: the number has no good direction.",
    aim=Aim.TELLS,
    also=tuple((f"ended_{reason}", words) for reason, words in ENDINGS.items()),
)
ENDED_BY = Figure(
    key="ended_by",
    source="pairs",
    part="ended_by_mentee",
    base="ended",
    words="{part} of {base} endings came from mentees",
    definition="Matches that have ended, by the side that ended them. Whoever leaves the scheme ends their matches.",
    aim=Aim.TELLS,
    also=(("ended_by_mentor", "from mentors"),),
    lists=False,
)
REFERRED = Figure(
    key="referred",
    source="pairs",
    part="referred_again",
    base=f"ended_{EndReason.REFERRED_ELSEWHERE}",
    words="{part} of {base} mentees who were referred on have a new mentor",
    definition="Matches that ended because the mentee was referred elsewhere, and those of them whose mentee was "
    "matched again since. Their waiting time goes on, so that the next run serves them first. Beside it stands the day "
    "by which half had a new mentor, with those who still wait counted as waiting.",
    target=0.50,
    days="days_to_new_match",
)
AWAY = Figure(
    key="away",
    source="mentors",
    part="paused",
    base="ever",
    words="{part} of {base} mentors are on a break",
    definition="Mentors who were approved, and those of them on a break today or gone for good. Stepping back is free: "
    "the number has no good direction.",
    aim=Aim.TELLS,
    also=(("left", "left for good"),),
)
PUBLISHED = Figure(
    key="published",
    source="documents",
    part="code_edition",
    words="version {part} of the code is in force",
    definition="The newest version of the scheme's code in its language. Its day and fingerprint stand in the list of "
    "texts in force below.",
    is_about_people=False,
    screen=("agreements", "Open Agreements"),
)


def answers(clause: str, good: str, *, target: float = 0.80, aim: Aim = Aim.MOST) -> Figure:
    """Answers to the feedback questions that name this clause; `good` ends "… of … answers"."""
    return Figure(
        key=f"answers_{clause}",
        source="answers",
        part=f"good:{clause}",
        base=f"given:{clause}",
        words=f"{{part}} of {{base}} answers {good}",
        definition="Answers in feedback so far to the questions that name this clause, and those of them that are 4 or "
        "5 on the scale from 1 to 5, or a yes. Nobody's own answer is shown here.",
        aim=aim,
        target=target,
        screen=("feedback", "Open Feedback"),
    )
