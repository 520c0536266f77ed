"""What people write in lists and choices, in English and Chinese, and what each word stands for here."""

import re
import unicodedata
from typing import Literal

Side = Literal["mentor", "mentee"]

_SEPARATORS = re.compile(r"[;；,，、|\n]+")
_BRACKETS = re.compile(r"[(（\[].*?[)）\]]")
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_CODE = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{2,8})*", re.IGNORECASE)

_BLANKS = frozenset(
    {"", "-", "–", "—", "/", ".", "n/a", "na", "none", "nil", "no", "nobody", "no one", "无", "没有", "暂无"}
)

_EVERY_CODE = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en "
    "eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv "
    "ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne "
    "ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st "
    "su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu "
    "yue nan hak wuu fil haw ase bfi"
)
_CODES = frozenset(_EVERY_CODE.split())
_NAMES = {
    name: code
    for code, names in {
        "en": "english 英语 英文",
        "zh": "chinese mandarin putonghua 中文 汉语 普通话 华语 国语 漢語 普通話",
        "yue": "cantonese 粤语 粵語 广东话 廣東話",
        "nan": "hokkien teochew taiwanese 闽南语 閩南語",
        "wuu": "shanghainese 上海话 吴语",
        "fr": "french français francais 法语 法文",
        "de": "german deutsch 德语 德文",
        "es": "spanish español espanol castellano 西班牙语 西班牙文",
        "pt": "portuguese português portugues 葡萄牙语",
        "it": "italian italiano 意大利语",
        "nl": "dutch nederlands 荷兰语",
        "ru": "russian русский 俄语 俄文",
        "uk": "ukrainian українська 乌克兰语",
        "pl": "polish polski 波兰语",
        "cs": "czech čeština 捷克语",
        "el": "greek ελληνικά 希腊语",
        "tr": "turkish türkçe 土耳其语",
        "ar": "arabic العربية 阿拉伯语",
        "he": "hebrew עברית 希伯来语",
        "fa": "persian farsi فارسی 波斯语",
        "hi": "hindi हिन्दी हिंदी 印地语",
        "ur": "urdu اردو 乌尔都语",
        "bn": "bengali bangla বাংলা 孟加拉语",
        "pa": "punjabi ਪੰਜਾਬੀ 旁遮普语",
        "ta": "tamil தமிழ் 泰米尔语",
        "te": "telugu తెలుగు",
        "gu": "gujarati ગુજરાતી",
        "mr": "marathi मराठी",
        "ne": "nepali नेपाली 尼泊尔语",
        "si": "sinhala sinhalese",
        "ja": "japanese 日本語 日语 日文",
        "ko": "korean 한국어 韩语 韩文",
        "vi": "vietnamese 越南语",
        "th": "thai ไทย 泰语",
        "ms": "malay bahasa 马来语",
        "id": "indonesian 印尼语 印度尼西亚语",
        "fil": "filipino tagalog 菲律宾语",
        "my": "burmese 缅甸语",
        "km": "khmer 高棉语",
        "mn": "mongolian 蒙古语 蒙语",
        "bo": "tibetan 藏语",
        "ug": "uyghur uighur 维吾尔语",
        "kk": "kazakh 哈萨克语",
        "sw": "swahili kiswahili 斯瓦希里语",
        "yo": "yoruba",
        "ig": "igbo",
        "ha": "hausa",
        "am": "amharic",
        "zu": "zulu",
        "xh": "xhosa",
        "af": "afrikaans",
        "sv": "swedish svenska 瑞典语",
        "no": "norwegian norsk 挪威语",
        "da": "danish dansk 丹麦语",
        "fi": "finnish suomi 芬兰语",
        "is": "icelandic 冰岛语",
        "hu": "hungarian magyar 匈牙利语",
        "ro": "romanian română 罗马尼亚语",
        "bg": "bulgarian български 保加利亚语",
        "sr": "serbian 塞尔维亚语",
        "hr": "croatian hrvatski 克罗地亚语",
        "lt": "lithuanian",
        "lv": "latvian",
        "et": "estonian",
        "cy": "welsh cymraeg 威尔士语",
        "ga": "irish gaeilge 爱尔兰语",
        "gd": "gaelic",
        "mi": "māori maori 毛利语",
        "bfi": "bsl",
    }.items()
    for name in names.split()
}

# In this order: "WeChat call" is WeChat, "video call" is video, and only then is a call a telephone call.
_CHANNELS = {
    "wechat": ("wechat", "weixin", "微信"),
    "video": ("video", "zoom", "teams", "skype", "facetime", "online", "视频", "腾讯会议", "线上"),
    "in_person": ("in person", "face to face", "meet", "coffee", "面谈", "当面", "面对面", "线下", "见面"),
    "email": ("email", "e mail", "mail", "邮件", "邮箱", "电邮"),
    "telephone": ("telephone", "phone", "call", "mobile", "电话", "手机"),
}

_LOOKS_FOR_MENTOR = re.compile(
    r"\b(?:mentee|mentees|be mentored|being mentored"
    r"|(?:like|want|need|find|seek|seeking|have|get|looking for|request) (?:a|an|my|one) mentor)\b"
    r"|学员|被指导|徒弟|[找需要寻求](?:一位|一名|个)?(?:导师|指导)"
)
_IS_MENTOR = re.compile(
    r"\b(?:be|become|becoming|being|as|am) (?:a |an )?mentor\b|^(?:a |the )?mentors?$|\bto mentor\b"
)
_IS_MENTOR_CHINESE = re.compile(r"导师|指导老师|指导教师")


def plain(text: str) -> str:
    """Lower case, narrow, punctuation as blanks: what two ways of writing a phrase have in common."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def is_blank(answer: str) -> bool:
    """Whether an optional answer says that there is none."""
    return answer.strip().casefold() in _BLANKS


def listed(answer: str) -> list[str]:
    """The items of a list, however it is separated."""
    return [item.strip() for item in _SEPARATORS.split(answer) if item.strip()]


def languages(answer: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """ISO 639 codes in the order written, and the items that name no language we know."""
    codes: list[str] = []
    unknown: list[str] = []
    for item in listed(answer):
        found = _codes_in(item)
        codes += found
        unknown += [] if found else [item]
    return tuple(dict.fromkeys(codes)), tuple(unknown)


def channels(answer: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The channels in a fixed order, and the items that name none we know."""
    found: set[str] = set()
    unknown: list[str] = []
    for item in listed(answer.replace("/", ";")):
        phrase = plain(item)
        channel = next((key for key, words in _CHANNELS.items() if any(word in phrase for word in words)), None)
        if channel is None:
            unknown.append(item)
        else:
            found.add(channel)
    ordered = ("email", "telephone", "wechat", "video", "in_person")
    return tuple(channel for channel in ordered if channel in found), tuple(unknown)


def side(answer: str) -> Side | None:
    """What a person joins as; None when the answer says neither or both ("I would like a mentor" is a mentee's)."""
    phrase = plain(answer)
    mentee = _LOOKS_FOR_MENTOR.search(phrase) is not None
    rest = _LOOKS_FOR_MENTOR.sub(" ", phrase)
    mentor = _IS_MENTOR.search(rest) is not None or (mentee and "mentor" in rest.split())
    if not mentee and not mentor:
        mentor = _IS_MENTOR_CHINESE.search(phrase) is not None
        mentee = phrase in {"学生", "mentored"}
    if mentee == mentor:
        return None
    return "mentee" if mentee else "mentor"


def people(answer: str) -> tuple[str, ...]:
    """The people named. A comma separates them only when each part could be a whole name: "Li, Ming" is one person."""
    named: list[str] = []
    for item in re.split(r"[;；、|\n]+", answer):
        parts = [part.strip() for part in re.split(r"[,，]", item) if part.strip()]
        whole = all(" " in part or "@" in part or not part.isascii() for part in parts)
        named += parts if whole else [item.strip()]
    return tuple(dict.fromkeys(named))


def _codes_in(item: str) -> list[str]:
    """One language written twice (中文 Chinese) is one; several without a separator (English / Chinese) are several."""
    bare = _BRACKETS.sub(" ", item).strip()
    code = _CODE.fullmatch(bare)
    if code and code[1].casefold() in _CODES:
        return [code[1].casefold()]
    words = unicodedata.normalize("NFKC", bare).casefold().replace("/", " ").replace("&", " ").split()
    return [_NAMES[word] for word in words if word in _NAMES]
