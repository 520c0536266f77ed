"""What a spreadsheet can tell us about a person, and how forms ask for it, in English and Chinese."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "name",
    "email",
    "telephone",
    "wechat",
    "line",
    "text",
    "languages",
    "time_zone",
    "channels",
    "number",
    "role",
    "claim",
    "people",
]


@dataclass(frozen=True)
class Target:
    """Something we would like to know. `words` are phrases of headers that ask for it."""

    key: str
    label: str
    kind: Kind
    required: bool
    words: tuple[str, ...]


def _target(key: str, label: str, kind: Kind, *, english: str, chinese: str, required: bool = False) -> Target:
    return Target(key, label, kind, required, (*english.split("|"), *chinese.split("|")))


TARGETS = (
    _target(
        "full_name",
        "Full name",
        "name",
        english="full name|your full name|name|your name|student name|mentor name|mentee name",
        chinese="姓名|名字|全名|您的姓名",
        required=True,
    ),
    _target(
        "given_name",
        "First name",
        "name",
        english="first name|given name|given names|forename|forenames",
        chinese="名",
    ),
    _target(
        "family_name",
        "Last name",
        "name",
        english="last name|family name|surname",
        chinese="姓|姓氏",
    ),
    _target(
        "email",
        "Email",
        "email",
        english="email|email address|university email|university email address|e mail|mail",
        chinese="邮箱|电子邮件|电子邮箱|邮箱地址|邮件",
        required=True,
    ),
    _target(
        "telephone",
        "Telephone",
        "telephone",
        english=("telephone|telephone number|phone|phone number|mobile|mobile number|mobile phone|cell|contact number"),
        chinese="电话|手机|手机号|手机号码|联系电话|联系方式",
    ),
    _target(
        "wechat_id",
        "WeChat ID",
        "wechat",
        english="wechat id|wechat|weixin",
        chinese="微信号|微信",
    ),
    _target(
        "enrolment_role",
        "Mentor or mentee",
        "role",
        english=(
            "mentor or mentee|mentor or be mentored|mentee or mentor|apply as|joining as|"
            "take part as|taking part as|role in the scheme|role in the programme|scheme role"
        ),
        chinese="身份|报名身份|申请角色|参与身份|导师或学员|角色",
    ),
    _target(
        "sector",
        "Sector",
        "line",
        english="sector|industry|area of practice|practice area|field of work|area of work",
        chinese="行业|领域|从事行业|业务领域|行业领域",
    ),
    _target(
        "role_title",
        "Role",
        "line",
        english="current role|job title|role|position|occupation|role you are aiming for|title",
        chinese="职位|职务|岗位|职称|目标职位|当前职位",
    ),
    _target(
        "organisation",
        "Organisation",
        "line",
        english="organisation|organization|institution|employer|company|workplace|firm",
        chinese="单位|工作单位|机构|公司|雇主|学校",
    ),
    _target(
        "summary",
        "Summary of work history",
        "text",
        english=(
            "work history|summarise your work history|work experience|career summary|summary|"
            "biography|bio|about yourself|about you|what can you offer|what you can offer"
        ),
        chinese="简介|个人简介|工作经历|工作履历|经历|可以提供",
    ),
    _target(
        "goals",
        "Goals",
        "text",
        english=(
            "goals|your goals|hope to gain|hope to get|hope to learn|like to explore|like to achieve|"
            "expectations|objectives|mentoring to do for you"
        ),
        chinese="目标|期望|希望获得|希望得到|收获|希望探讨",
    ),
    _target(
        "languages",
        "Languages",
        "languages",
        english="languages|language|which languages",
        chinese="语言|语种|使用语言",
    ),
    _target(
        "time_zone",
        "Time zone",
        "time_zone",
        english="time zone|timezone|your time zone",
        chinese="时区|所在时区",
    ),
    _target(
        "channels",
        "Ways to stay in touch",
        "channels",
        english=(
            "happy to be contacted|stay in touch|preferred ways to stay in touch|preferred contact|"
            "contact method|contact methods|means of communication|channels|channel"
        ),
        chinese="沟通方式|联络方式|联系方式|交流方式",
    ),
    _target(
        "capacity",
        "Number of mentees",
        "number",
        english="how many mentees|number of mentees|mentees could you|capacity|how many students",
        chinese="名额|可指导人数|指导人数|指导几名|可带人数",
    ),
    _target(
        "years_of_experience",
        "Years of experience",
        "number",
        english="years of experience|years in practice|years of practice|years experience|years of work",
        chinese="工作年限|从业年限|工作年数",
    ),
    _target(
        "year_of_study",
        "Year of study",
        "line",
        english="year of study|study year|year group|level of study|current year",
        chinese="年级|学年|在读年级",
    ),
    _target(
        "training_claimed",
        "Training, as claimed",
        "claim",
        english="mentor training|online mentor training|completed the online mentor training|training",
        chinese="导师培训|培训",
    ),
    _target(
        "agreement_claimed",
        "Agreement, as claimed",
        "claim",
        english="i agree|i agree to the mentor agreement|mentor agreement|agreement|code of conduct",
        chinese="我同意|同意|协议",
    ),
    _target(
        "not_with",
        "Not to be matched with",
        "people",
        english=(
            "should not be matched with|not be matched with|not be matched|not be paired|should not be paired with"
        ),
        chinese="不应匹配|不希望匹配|不想匹配|回避|需要回避",
    ),
)
