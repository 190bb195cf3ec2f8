r"""LaTeX to MathML that is safe to show; the only importer of latex2mathml.

The library is used for its tree alone: what it prints leaves ``<`` of ``\text`` as it stands and
takes addresses and styles over from the source (latex2mathml 3.81). Here only known elements and
attributes are written, and every text is escaped.
"""

from __future__ import annotations

from html import escape, unescape
from xml.etree.ElementTree import Element

TAGS = frozenset(
    "math menclose mfrac mi mn mo mover mpadded mphantom mroot mrow mspace msqrt mstyle msub "
    "msubsup msup mtable mtd mtext mtr munder munderover".split()
)
ATTRIBUTES = frozenset(
    "accent columnalign columnlines columnspacing display displaystyle fence form largeop "
    "linethickness lspace mathvariant maxsize minsize movablelimits notation rowspacing rspace "
    "scriptlevel separator stretchy symmetric width".split()
)
_MAX_CHARS = 4_000


def to_mathml(source: str, *, block: bool) -> str | None:
    r"""Return a formula as MathML, None for one that cannot be read.

    :param source: LaTeX, without the dollars around it.
    :param block: True for a formula on lines of its own.
    """
    from latex2mathml import exceptions
    from latex2mathml.converter import convert_to_element

    if not source.strip() or len(source) > _MAX_CHARS:
        return None
    # Its own kinds of error share no base; the others come of odd input to it.
    kinds: list[type[Exception]] = [
        kind
        for kind in vars(exceptions).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ]
    kinds += (LookupError, ValueError, TypeError, AttributeError, RecursionError, StopIteration)
    try:
        tree = convert_to_element(source, display="block" if block else "inline")
        written = _write(tree)
    except tuple(kinds):
        return None
    return None if "\\" in unescape(written) else written  # a command it does not know


def _write(element: Element) -> str:
    tag = element.tag.rpartition("}")[2]
    inner = escape(unescape(element.text or "")) + "".join(map(_write, element))
    if tag not in TAGS:
        return inner
    given = {name: value for name, value in element.attrib.items() if name in ATTRIBUTES}
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in given.items())
    return f"<{tag}{attributes}>{inner}</{tag}>"
