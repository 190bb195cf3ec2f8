"""Read the expected size of an answer from the form of a question; only for English.

"is ...?", "how much ...?" and "the best ..." ask for one thing; "steps of ...", "list ..." and
"which topics ...?" for several. The form is only a hint: the content of the notes decides.
"""

from __future__ import annotations

import functools
import re
from enum import Enum
from typing import NamedTuple

from indexer.text.terms import terms_of


class Lean(Enum):
    """The size of the answer that the form of a question suggests."""

    ONE = "one"
    NEUTRAL = "neutral"
    SEVERAL = "several"


class Form(NamedTuple):
    """The information in the form of a question.

    ``everywhere`` is True if it asks for all places, ``note`` if it may ask for a whole note.
    ``words`` are the terms of the form ("steps", "list"), not of the subject.
    """

    lean: Lean
    everywhere: bool = False
    note: bool = False
    words: frozenset[str] = frozenset()


_FORM_WORDS = (
    "all any bullet bullets checklist compare compared comparing comparison cons count "
    "describe difference differences entire everything example examples explain full give idea "
    "ideas item items kind kinds list lists listing main mine note notes noted number numbered "
    "order overview part parts piece pieces point points pros quick reason reasons recap section "
    "sections show step steps summaries summarise summarize summary thing things tip tips topic "
    "topics type types various versus vs way ways whole write wrote written"
).split()
FORM_TERMS = frozenset(term for word in _FORM_WORDS for term in terms_of(word))

_ONE = re.compile(
    r"^(?:is|are|was|were|does|do|did|can|could|should|must|may|might|has|have|had|will|would|am"
    r"|who|whose|when)\b"
    r"|^how (?:much|many|long|often|big|large|small|warm|hot|cold|far|fast|old|high|low|deep|late"
    r"|early|soon|wide|heavy|strong|close|likely)\b"
    r"|\b(?:best|worst|most|least|first|last|(?:fast|slow|high|low|long|short|old|young|new|big+|larg"
    r"|small|cheap|strong|near|deep|tall|hard|easi|great|light|heavi|lat|earli)est)\b"
    r"|\bmean(?:ing)?\??$|\bstands? for\b|^(?:a )?links? to\b"
    r"|^wh(?:at|ich) (?:is|'s|was)\b(?! (?:there|needed|missing|in)\b)|^what's\b"
    r"|\bwhich (?:is|one|was)\b",
    re.IGNORECASE,
)
_YES_OR_NO = re.compile(
    r"^(?:is|are|was|were|does|do|did|can|could|should|must|may|might|has|have|had|will|would)\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:list|lists|all|everything|overview|summar\w+|recap|pros|cons|advantages|disadvantages"
    r"|benefits|drawbacks|downsides|compare|comparison|differences?|versus|vs|notes|steps|ways"
    r"|reasons|types|kinds|options|examples|rules|tips|tricks|criteria|methods|techniques"
    r"|ingredients|principles|guidelines|recommendations|instructions|checklist|settings"
    r"|in order|step by step)\b"
    r"|^(?:what|which) (?:are|were)\b",
    re.IGNORECASE,
)
_EVERYWHERE = re.compile(
    r"\b(?:everything|anything|everywhere|all (?:my |the )?(?:notes|places|mentions)"
    r"|all (?:my |the )?(?:points|lines|bullets|remarks) (?:about|on|with|that mention)"
    r"|(?:every|each) (?:mention|note|place|point|remark)|mentions of|all (?:about|there is)"
    r"|where (?:do|did|have|is|are) \w+ (?:\w+ )?(?:mention|write|wrote|written|talk|say|note)\w*"
    r"|what (?:do|did|have|had) (?:I|we) (?:\w+ )?(?:write|wrote|written|note|noted|say|said|know"
    r"|learn|learned|learnt|collect|collected|record|recorded) (?:down )?(?:about|on|of|regarding)"
    r"|what (?:do|did|have) I (?:\w+ )?(?:write|wrote|written|note|noted|say|said)"
    r"|what do (?:my|the|our|these) notes (?:\w+ )?(?:say|tell|mention|contain|have|hold|know)\w*"
    r"|which (?:of my |of the )?notes (?:mention|talk|speak|discuss|deal|touch)\w*"
    r"|what (?:has )?(?:happened|became|become) (?:with|to|of|about))\b",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"^(?:(?:what is|give me|show|show me|write|a|an|the|all|my|short|quick) )*"
    r"(?:summar\w+|overview|recap|everything|notes?|reviews?|essay|article|page)\b",
    re.IGNORECASE,
)
_ASKED_NOUN = re.compile(r"^(which|what|whose) (.+)", re.IGNORECASE)
_AUXILIARY = re.compile(
    r" (?:is|are|was|were|do|does|did|can|could|should|must|have|has|had|will|would|I|we|you)\b"
)
_MOST_BEFORE_AUXILIARY = 4
_HEAD = re.compile(
    r"(?<![\s,:])[\s,:]+(?:of|for|to|about|in|on|with|when|that|which|who|I|we|you|from|by|at|as|is|are|do|does"
    r"|did|was|were|can|should|could|have|has|had|worth|according|according|under|used)\b",
)
_OPENER = re.compile(r"^(?:how|why|where|when|who|what|which|if|whose|whom|the|my|a|an)\b", re.I)


def asks_yes_or_no(question: str) -> bool:
    """Return whether a question begins like one for yes or no.

    :param question: as typed, on one line.
    """
    return _YES_OR_NO.search(question.strip()) is not None


@functools.lru_cache(maxsize=64)  # asked several times in one question
def read_form(question: str) -> Form:
    """Return the form of a question.

    :param question: as typed, on one line.
    """
    text = question.strip()
    plural = _asks_plural(text)
    one = bool(_ONE.search(text)) or plural is False
    several = bool(_SEVERAL.search(text)) or plural is True
    lean = Lean.NEUTRAL
    if _YES_OR_NO.search(text) or (one and not several):
        lean = Lean.ONE
    elif several and not one:
        lean = Lean.SEVERAL
    words = FORM_TERMS.intersection(terms_of(text))
    everywhere = _EVERYWHERE.search(text)
    if everywhere:
        words |= frozenset(terms_of(everywhere[0]))
    return Form(lean, bool(everywhere), bool(_NOTE.search(text)), words)


def _asks_plural(text: str) -> bool | None:
    """Return whether a question asks for a plural noun: "which topics ...?", "games for two".

    :param text: the question.
    :return: None if it asks for no noun, or with "what" for a singular one ("what advice").
    """
    found = _ASKED_NOUN.match(text)
    if found:
        before = _AUXILIARY.split(" " + found[2], maxsplit=1)
        words = before[0].split()
        if not words or _AUXILIARY.match(" " + found[2]):
            return None
        with_auxiliary = len(before) > 1 and len(words) <= _MOST_BEFORE_AUXILIARY
        plural = _is_plural(words[-1] if with_auxiliary else words[0])
        return plural or (None if found[1].lower() == "what" else False)
    if _OPENER.match(text):
        return None
    head = _HEAD.split(text, maxsplit=1)[0].split()
    return (0 < len(head) <= 5 and _is_plural(head[-1])) or None


def _is_plural(word: str) -> bool:
    word = word.strip("?.,:!").lower()
    return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "'s"))
