"""Recognise opinions for and against a thing in questions, headings and lists.

"What did I not like?" asks for the list under "What could be better", "cons of X" for the one under
"Drawbacks". Only English words are recognised.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from indexer.retrieval.sizing.patterns import LatePattern
from indexer.store.records import NoteInfo


class Side(Enum):
    """The side of an opinion."""

    FOR = "for"
    AGAINST = "against"


class Opinion(NamedTuple):
    """The sides that a question asks for, and its text without the words for them.

    ``sure`` is False if the words also have another meaning ("missing", "improve").
    """

    sides: frozenset[Side]
    rest: str
    sure: bool = True


_NOT = r"(?:not|n['\u2019]t|never|hardly|least|less|nothing)"
_LIKING = r"(?:like[ds]?|liking|lov(?:e[ds]?|ing)|enjoy(?:ed|ing)?|appreciat\w+)"
_ASKED_LIKING = (
    rf"\b(?:do|does|did|would|have|has|had)(?:n['\u2019]t)? (?:I|we|he|she|they|you|people|it)"
    rf"(?: (?:really|actually|especially|particularly|most|also|even))? {_LIKING}\b"
    rf"|\b(?:that|which|what|things|parts|points|anything|something) (?:I|we|he|she|they|you)"
    rf"(?: (?:really|also|most))? {_LIKING}\b|\b(?:likes|liked|praised?|praising)\b"
)
_AGAINST = LatePattern(
    rf"\b{_NOT}\b(?: \w+){{0,2}} (?:{_LIKING}|good|great|convinc\w+|happy|satisf\w+|(?:go|went"
    rf"|work\w*)"
    rf" well|recommend\w*|impress\w*)\b"
    rf"|\w+n['\u2019]t(?: \w+){{0,2}} (?:{_LIKING}|good|great|convinc\w+|happy|satisf\w+"
    r"|(?:go|went|work\w*) well|impress\w*)\b"
    r"|\bdis(?:lik\w+|appoint\w+|satisf\w+|advantages?)\b|\bhate[ds]?\b|\bcriti(?:ci[sz]\w+|qu\w+)"
    r"|\bcomplain\w*\b|\bobjections?\b|\bobjected to\b|\bshortcomings?\b|\bweakness(?:es)?\b"
    r"|\bweak (?:points?|spots?|sides?|parts?)\b|\bdraw-?backs?\b|\bdown-?sides?\b|\bcons\b"
    r"|\bnegatives?(?= (?:points?|aspects?|sides?|things?|of|about)\b|\W*$)|\bflaws?\b"
    r"|\bbother(?:s|ed|ing)\b|\bannoy\w*\b|\bfrustrat\w+\b|\bpet peeves?\b|\bgripes?\b"
    r"|\b(?:was|were|is|are|went|so|too) (?:bad|wrong|poor)\b|\b(?:bad|worst|low) (?:about|points?"
    r"|sides?|parts?|things?|bits?|aspects?)\b"
    r"|\bwhat(?:['\u2019]s| is| was) wrong with\b|\bminus(?:es| points?)\b|\bfaults? (?:did|do|of"
    r"|with|I|found)\b"
    r"|\b(?:detest|loath|irritat|displeas|grumbl|nitpick|quibbl|niggl|griev)\w*|\bdefects?\b"
    r"|\bdeficienc\w+|\bregrets? about\b|\b(?:fell|falls?|fallen) short\b|\blet (?:me|us) down\b"
    r"|\b(?:pain|sore) points?\b|\brough edges\b|\breservations\b|\bconcerns about\b"
    r"|\blow-?lights?\b|\b(?:to be|be) desired\b|\bput (?:me|us) off\b"
    r"|\b(?:room|areas?|suggestions|ideas|points) (?:for|of) improvements?\b"
    r"|\bneed(?:s|ed)? (?:\w+ )?(?:improvement|improving|fixing|work)(?=\W*$| (?:in|on|at)\b)"
)
# A statement that something could be better has these two words.
_BETTER = LatePattern(
    r"\b(?:could|can|should|might|would make|makes?|needs? to)\b(.*?)\b(?:be |been |do |done "
    r"|have )*better\b"
)
_PERHAPS_AGAINST = LatePattern(
    r"\bmiss(?:ing|ed|es)\b|\black(?:s|ed|ing)?\b|\bgaps?\b|\bimprov(?:e[ds]?|ing|ements?)\b"
    r"|\bwish(?:ed|es)?\b|\bdifferently\b|\b(?:do|did|done|be|been|made) different\b"
    r"|\bwould (?:I|we|you) (?:have )?chang(?:e|ed)\b|\bsuggestions?\b|\bfeedback\b"
    r"|\blimitations?\b|\bomi(?:t\w*|ssions?)\b|\bneglect\w*|\boverlook\w*|\bcaveats?\b"
    r"|\b(?:problems?|issues?|troubles?|mistakes?|errors?) (?:with|of|by|did|do|I|we|the|in)\b"
    r"|\b(?:make|makes|made) (?:\w+ )?(?:mistakes?|errors?)\b"
    r"|\bleft out\b|\b(?:n['\u2019]t|not) (?:covered?|explain\w*|discuss\w*|mention\w*)\b"
)
_FOR = LatePattern(
    rf"{_ASKED_LIKING}|\bpros\b|(?<!dis)\badvantages?\b|\bbenefits?\b|\bup-?sides?\b|\bstrengths\b"
    r"|\bstrong (?:points?|sides?|parts?|suits?)\b|\b(?:good|best|great|nice|nicest|high"
    r"|favou?rite) (?:about|points?|sides?|parts?|things?|bits?|aspects?)\b"
    r"|\bpositives?"
    r"(?= (?:points?|aspects?|sides?|things?|about)\b|\W*$)|\b(?:was|were|is|are|so) (?:good|great)"
    r"(?=\W*$| (?:about|in|on)\b)|\bimpress(?:ed|es|ive)\b|\bhighlights?\b|\b(?:go|went|works?"
    r"|worked)"
    r" well\b|\bplus(?:es| points?)\b|\bmerits\b|\b(?:did|done) well\b"
    r"|\bcompliments?\b|\badmir\w+"
)
_HOW_TO = LatePattern(r"^how (?:should|do|does|can|to|would)\b.*\bcriti")
# A heading or lead-in that takes a side.
_AGAINST_LABEL = LatePattern(
    rf"\b(?:cons|draw-?backs?|down-?sides?|disadvantages?|criticisms?|critiques?|critical points"
    rf"|complaints?|objections?|shortcomings?|weakness(?:es)?|weak points|limitations?|negatives"
    rf"|negative (?:points|sides|aspects|things)"
    rf"|flaws?|gripes?|annoyances|dislike[ds]?|minus(?:es)?|gaps|lowlights|pain points)\b"
    rf"|\b(?:could|can|should|to)(?: have)? (?:be|been|do|go) (?:better|improved)\b"
    rf"|\bwhat (?:to improve|is missing|was missing|['\u2019]?s missing|I missed|went wrong"
    rf"|bothers|is bad"
    rf"|was bad|is not good)\b|\b(?:room|areas?|suggestions|ideas|points) (?:for"
    rf"|of) improvements?\b"
    rf"|^(?:possible )?improvements?\W*$|^missing\W*$|^(?:the )?bad\W*$|^(?:the )?(?:problems"
    rf"|issues)\W*$"
    rf"|\b(?:do|does|did|is|was|will)(?: not|n['\u2019]t) (?:work|help|pay)\b|\bwhen not to\b"
    rf"|(?:\b{_NOT}|n['\u2019]t)(?: \w+){{0,2}} (?:{_LIKING}|good|great|go well|work\w* well)\b"
    rf"|\b(?:bad|wrong|less good|annoying|difficult|hard) (?:about|with|points|things|sides"
    rf"|parts)\b"
    rf"|\b(?:annoyed|bothered|frustrated|disappointed|confused|bored|missed) (?:me|us)\b"
    rf"|\bneeds? (?:work|improvement|improving)\b|\b(?:went|gone) (?:wrong|badly)\b"
    rf"|^(?:the )?(?:cons?|contra|against|minus|frustrations?|disappointments?|weak(?:er)? "
    rf"(?:spots|sides"
    rf"|parts)|nit-?picks|regrets|thorns?|stop(?: doing)?|worse|poor|less good|negatives?|sad|mad"
    rf"|(?:the )?ugly|nachteile|schw\u00e4chen|desventajas|inconv\u00e9nients)\W*$"
    rf"|\bI (?:hated|missed|regret)\b"
)
_FOR_LABEL = LatePattern(
    r"\b(?:pros|advantages?|benefits?|up-?sides?|strengths?|strong points|positives"
    r"|positive (?:points|sides|aspects|things)|likes|liked|loved"
    r"|enjoyed|highlights?|pluses|plus points|merits|praise)\b|\bwhat(?: is|['\u2019]s"
    r"| was)? (?:good|great"
    r"|went well|works well|worked well|worked|works|I like)\b|^(?:the )?good\W*$"
    r"|\b(?:good|great|nice|best|lovely) (?:about|with|points|things|sides|parts|bits)\b"
    r"|\b(?:pleased|delighted|impressed|surprised) (?:me|us)\b|\bI (?:love|enjoy|would keep)\b"
    r"|^(?:the )?(?:pro|for|plus|keep(?: doing)?|wins?|roses?|glad|positives?|delights?|joys?"
    r"|strong (?:sides|parts)|strength|best|great|nice|vorteile|st\u00e4rken|ventajas"
    r"|avantages)\W*$"
)
_AGAINST_CUE = LatePattern(
    r"\b(?:no|not|never|little|few|hardly|barely|lack\w*|missing|missed|could|should|would"
    r"|instead|too"
    r"|only|without|worse|bad|poor\w*|confus\w+|unclear|boring|slow|wrong|unfortunately|annoy\w*"
    r"|hard"
    r"|repetit\w+|why|but|though|outdated|expensive|weak|disappoint\w*)\b|n['\u2019]t\b"
)
_FOR_CUE = LatePattern(
    r"\b(?:good|great|excellent|well worth|worth (?:it|the|every|reading|watching|doing)"
    r"|recommend\w*"
    r"|enjoy\w*|lov(?:e|ed|ely)|liked?|clear|helpful|useful|fun|nice|best|fantastic|superb"
    r"|impress\w+"
    r"|beautiful\w*|brilliant|pleasant|favou?rite)\b"
)
# Signs for a side, before a point or instead of a heading.
_FOR_SIGNS = (
    "+\u2795\u2705\u2714\u2713\u2611\U0001f44d\U0001f600\U0001f603\U0001f604\U0001f60a"
    "\U0001f642\U0001f60d\u2764\U0001f49a\U0001f7e2"
)
_AGAINST_SIGNS = (
    "-\u2212\u2013\u2796\u274c\u274e\u2716\u2717\u2718\U0001f44e\U0001f61e\U0001f61f"
    "\U0001f641\u2639\U0001f621\U0001f615\U0001f534\U0001f494\u26d4"
)
_SIGN = re.compile(
    rf"[(\[]?(?:(?P<plus>[{_FOR_SIGNS}])|(?P<minus>[{_AGAINST_SIGNS}]))"
    r"[\ufe0f\U0001f3fb-\U0001f3ff]*[)\]]?(?=[\s:]|$)"
)
_OPINION_TITLE = LatePattern(
    r"^(?:(?:my|a|the|short|quick|some|first|final|book|course|film|movie|product|honest"
    r"|critical) )*"
    r"(?:reviews?(?=\W*$|:| (?:of|on|after|about|for|with|from)\b)"
    r"|(?:thoughts|impressions?|opinions?|verdict|critique|criticism|feedback|retro(?:spective)?"
    r"|reflections?|evaluation)(?=:| (?:of|on|after|about|for|with|from)\b))|\breview\W*$"
)
_OPINION_LABELS = frozenset("review reviews opinion opinions critique retrospective retro".split())
_REVIEWED = re.compile(
    r"\b(?:the|this|these) (?:(?:whole|entire|online|video) )?"
    r"(?:courses?|class|classes|teaching|teachers?|instructor|lecturer|reviewer|author"
    r"|speciali[sz]ation|lectures?|videos?|exercises|assignments?|quizz?es|book|film|movie"
    r"|workshop|training|program(?:me)?)\b(?! (?:notes?|summary|on|about|of|set)\b)",
    re.IGNORECASE,
)
_TAUGHT = (
    r"(?:taught|explained|covered|mentioned|discussed|emphasi[sz]ed|stressed|addressed"
    r"|talked about|brought up|touched on|left out|skipped)"
)
_TEACHES = (
    r"(?:teach|say|explain|cover|mention|discuss|talk|recommend|emphasi[sz]e|stress|address"
    r"|skip|repeat|bring up|leave out|point (?:to|out))"
)
# "Are the lessons too short?", "does he say it twice?", "is soldering taught at all?"
_OF_TEACHING = LatePattern(
    r"\b(?:lectures?|lessons?|recordings?)\b(?! (?:notes?|summary|on|about|of|set|\d+)\b)"
    rf"|^(?:(?:and|but|so|why|how|where) )?(?:do|does|did) (?:he|she|they) (?:ever |also |really )?"
    rf"{_TEACHES}\b"
    rf"|^(?:is|are|was|were)(?:n['\u2019]t)? (?!there\b).*\b{_TAUGHT}"
    r"(?: (?:anywhere|at all|enough|ever|here|much|properly|somewhere|too \w+|well"
    r"|in (?:any|the) \w+))?\W*$"
)
# "What did I find repetitive?", "what was confusing about the hotel?": the word that judges.
_IMPRESSION = LatePattern(
    r"^(?:and )?(?:what|which \w+) (?:do|did|have) (?:I|we) (?:find|found|call(?:ed)?"
    r"|consider(?:ed)?)"
    r" (?:(?:as|to be|too|so|a bit|rather|very|most|least|really|quite) )*(?P<found>[\w-]+)"
    r"(?=\W*$| (?:about|in|with|on|at|of|during)\b)"
    r"|^what (?:is|was|were|are|seem(?:s|ed)|felt) (?:(?:too|so|a bit|rather|very|most|really) )*"
    r"(?P<was>[\w-]+) (?:about|with|in|at) (?:the|my|this|it)\b"
    r"|^(?:is|was|were|are) (?:anything|something|it|(?:any|one) of \w+)(?: (?:at|in|about) the "
    r"\w+)?"
    r" (?:(?:too|so|a bit|rather|very|really) )*(?P<any>[\w-]+)(?=\W*$| (?:about|in|with|at)\b)",
    "find found call consider what is was were are",
)
_REVIEW_GAIN = 0.3  # .1 to .5 answer the same questions (benchmarks/QUALITY.md)
_LEAST_SHARE = 0.5
_LETTERS = re.compile(r"[a-z]+")
# How the words begin that a question must have one of to ask for an opinion.
_JUDGING = frozenset(
    "like liki love lovi enjo appr good grea conv happ sati well reco impr disl disa diss hate "
    "crit comp obje shor weak draw down cons nega flaw both anno frus pet grip bad wron poor minu "
    "faul bett miss lack gap gaps limi prob issu left wish prai pros adva bene up upsi stre stro "
    "posi "
    "high plus meri room area sugg idea impr dete loat irri disp grum nitp quib nigg grie defe "
    "defi regr fell fall let pain sore roug rese conc low lowl desi put need wors wish diff chan "
    "feed omit omis negl over cave trou mist erro cove expl disc ment best nice favo admi "
    "comp".split()
)
# Search words for containers that take a side; see ``indexer.text.terms``.
_FINDING = {
    Side.AGAINST: "better cons drawbacks downsides disadvantages criticism critique complaints "
    "objections "
    "shortcomings weaknesses limitations negatives flaws disliked minus gaps missing improved "
    "improvements bad wrong problems issues like",
    Side.FOR: "pros advantages benefits "
    "upsides strengths positives liked loved enjoyed highlights pluses "
    "merits praise good great well like",
}


@functools.lru_cache(maxsize=64)  # asked several times in one question
def asked_opinion(question: str) -> Opinion | None:
    """Return the sides that a question asks for, None if it does not ask for an opinion.

    :param question: after reading.
    """
    if not _may_judge(question) or _HOW_TO.search(question):
        return None
    rest = _AGAINST.sub(" ", _BETTER.sub(r" \1 ", question))
    against = rest != question
    liked = _FOR.search(rest)
    if against or liked:
        sides = {Side.AGAINST} if against else set()
        sides |= {Side.FOR} if liked else set()
        return Opinion(frozenset(sides), _PERHAPS_AGAINST.sub(" ", _FOR.sub(" ", rest)))
    if _PERHAPS_AGAINST.search(question):
        rest = _PERHAPS_AGAINST.sub(" ", question)
        return Opinion(frozenset({Side.AGAINST}), rest, sure=False)
    return None


def _may_judge(text: str) -> bool:
    """Return whether a text has a word of judging at all, which is quick to find out."""
    return any(word[:4] in _JUDGING for word in _LETTERS.findall(text.lower()))


@functools.lru_cache(maxsize=8_192)  # points share their labels, and questions share points
def side_of_label(label: str) -> Side | None:
    """Return the side that a heading or lead-in takes, None for neither or both.

    :param label: the text.
    """
    sign = _SIGN.match(label)
    if sign:
        label = label[sign.end() :].strip()
        if not any(map(str.isalnum, label)):
            return Side.FOR if sign["plus"] else Side.AGAINST
    against = bool(_AGAINST_LABEL.search(label))
    if against == bool(_FOR_LABEL.search(_AGAINST_LABEL.sub(" ", label))):
        return None
    return Side.AGAINST if against else Side.FOR


def side_of_sign(text: str) -> Side | None:
    """Return the side of the sign that a text begins with, as "+" or a thumb; None without one.

    :param text: of a point or a label.
    """
    sign = _SIGN.match(text)
    if sign is None:
        return None
    return Side.FOR if sign["plus"] else Side.AGAINST


def side_of_points(texts: Sequence[str]) -> Side | None:
    """Return the side that most points of a list take by their words, None without a majority."""
    against = sum(bool(_AGAINST_CUE.search(text)) for text in texts)
    if against >= _LEAST_SHARE * len(texts):
        return Side.AGAINST
    return Side.FOR if sum(map(praises, texts)) >= _LEAST_SHARE * len(texts) else None


def praises(text: str) -> bool:
    """Return whether a point says something good."""
    return bool(_FOR_CUE.search(text))


def is_opinion(note: NoteInfo) -> bool:
    """Return whether a note contains opinions, by its title, labels, folder or properties."""
    values = (
        value for key, value in note.properties if key.casefold() in ("type", "kind", "class")
    )
    folders = note.note_id.split("/")[:-1]
    labels: Iterable[str] = (*note.tags, *note.categories, *folders, *values)
    words = {word for label in labels for word in re.findall(r"\w+", label.casefold())}
    return bool(_OPINION_TITLE.search(note.title)) or not words.isdisjoint(_OPINION_LABELS)


def favour_reviews(
    scores: Mapping[int, float], notes: Mapping[int, NoteInfo], question: str
) -> dict[int, float]:
    """Return scores raised in reviews, for a question about what a review is of as a whole.

    "Does the teacher repeat things?" and "is soldering taught?" are answered by the review of a
    course, not by the notes on what is taught. "The course notes" are no course.

    :param scores: point id to score.
    :param notes: the note of each point.
    :param question: as it was read.
    """
    asks = _REVIEWED.search(question) or _OF_TEACHING.search(question)
    if not asks and judging_word(question) is None:
        return dict(scores)
    each = {note.note_id: note for note in notes.values()}
    opinions = {note_id: is_opinion(note) for note_id, note in each.items()}
    return {i: score + _REVIEW_GAIN * opinions[notes[i].note_id] for i, score in scores.items()}


@functools.lru_cache(maxsize=64)  # asked several times in one question
def judging_word(question: str) -> tuple[int, int] | None:
    """Return the position of the word with which a question asks for an impression.

    :param question: "what did I find repetitive?" has "repetitive".
    :return: start and end, None if it asks for none.
    """
    found = _IMPRESSION.search(question)
    name = next((name for name, text in found.groupdict().items() if text), None) if found else None
    return found.span(name) if found and name else None


def finding_words(sides: Iterable[Side]) -> str:
    """Return words in headings of lists with these sides."""
    return " ".join(_FINDING[side] for side in sorted(sides, key=lambda side: side.value))
