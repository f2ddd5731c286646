"""What bibliographies of all formats have in common: LaTeX undone, names, years, and the links of a publication.

LaTeX is undone once for every field: for texts, and for links, where its signs mean other things.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, starmap
from typing import Any, Final

from explainer.catalogs.links import arxiv_address, home_field, identify
from explainer.catalogs.loading import shipped_tasks
from explainer.curation.importers.reading import as_text, first_of, load_library
from explainer.diagnostics.text import one_line

# Text in which nothing means anything to LaTeX: most names and titles, and decoding is slow.
_NO_LATEX: Final = re.compile(r"(?:[^\W_]|[\s.,:;?!()/+=*])*+")
# A link in which LaTeX can only have escaped signs: nearly all are such, and decoding is slow.
_PLAIN_LINK: Final = re.compile(r"(?:[^\\{}$&\s]|\\[_%#])*+")
_ESCAPED: Final = re.compile(r"\\([_%#])")

# References of HTML, as publishers' sites leave them in titles: `&amp;`, and `\&amp;` where a program escaped that.
_REFERENCE: Final = re.compile(r"(?:\\(?=&amp;))?&(#?\w{2,8};)")
_AMPERSAND: Final = re.compile(r"\\?&amp;")
# In a text these begin and end a formula; in a link they are the brackets, escaped as everything else.
_BRACKET: Final = re.compile(r"\\([()\[\]])")
# Between two equal signs of any kind stands what is meant to the letter.
_VERBATIM: Final = re.compile(r"\\verb\*?([^\w\s])(.*?)\1")
# Bare signs that people mean literally, though LaTeX takes them for a comment, a column and a formula. Halves of
# characters stand for them meanwhile, which no text from a file holds, so that they come out as they went in, in
# formulas too.
_BARE_TEXT_SIGN: Final = re.compile(r"(?<!\\)[%&]")
_BARE_LINK_SIGN: Final = re.compile(r"(?<!\\)[%&$]")
_HIDDEN: Final = {"%": "\ud800", "&": "\ud801", "$": "\ud802"}
_SHOWN: Final = str.maketrans({hidden: sign for sign, hidden in _HIDDEN.items()})
# An accent over nothing is the sign itself.
_LONE_ACCENTS: Final = re.compile(r"\\([~^])\{\s*\}")
_LONE_ACCENT_NAMES: Final = {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
# The tilde of old addresses, as a formula.
_TILDE_FORMULA: Final = re.compile(r"\$\s*\\sim\s*\$|\\ensuremath\{\s*\\sim\s*\}")

# What the library does not know, or shows as another character.
_TEXT_SIGNS: Final = {
    "textasciicircum": "^", "textasciitilde": "~", "textbraceleft": "{", "textbraceright": "}", "lbrace": "{",
    "rbrace": "}", "S": "§", "P": "¶", "copyright": "©", "pounds": "£", "ddag": "‡", "lq": "‘", "rq": "’", "slash": "/",
    "textbar": "|", "textbullet": "•", "TeX": "TeX", "LaTeX": "LaTeX", "BibTeX": "BibTeX",
}  # fmt: skip
# In a link every escape is the sign, and marks where a line may break are nothing.
_LINK_SIGNS: Final = {
    **{sign: sign for sign in "_&#$~^{}@"}, "%": "%%", "textasciitilde": "~", "textasciicircum": "^",
    "textunderscore": "_", "textdollar": "$", "textless": "<", "textgreater": ">", "sim": "~", "-": "", "/": "",
    "allowbreak": "", "linebreak": "", "protect": "",
}  # fmt: skip
# Commands that refer to something by its key, in their last argument.
_REFERRING: Final = (
    "cite", "citet", "citep", "citealt", "citealp", "citeauthor", "citeyear", "ref", "eqref", "pageref",
)  # fmt: skip
# Commands whose arguments are not printed.
_INVISIBLE: Final = ("label", "index", "phantom", "hphantom", "vphantom", "rule", "includegraphics")
# Commands that print what they hold, and for which the library prints nothing.
_BOXES: Final = ("mbox", "hbox", "fbox")
# Commands with a link as their first argument, and the number of arguments.
_LINK_COMMANDS: Final = {
    "url": "{",
    "nolinkurl": "{",
    "path": "{",
    "href": "{{",
    "texttt": "{",
    "textit": "{",
}

_ENVIRONMENT: Final = r"\begin{"


class LatexDecoder:
    """Takes LaTeX out of the values of one file."""

    def __init__(self, purpose: str) -> None:
        """Load the library.

        Args:
            purpose: what it is needed for.

        Raises:
            MissingLibraryError: when it is not installed.
        """
        latex = load_library("pylatexenc.latex2text", "pylatexenc", purpose)
        spec = load_library("pylatexenc.macrospec", "pylatexenc", purpose)
        # formulas stay as they are: a title without them would be another one
        self._texts = latex.LatexNodes2Text(
            _text_context(latex), math_mode="verbatim", keep_comments=True
        )
        self._text_grammar = _text_grammar(spec, purpose)
        self._links = latex.LatexNodes2Text(_link_context(latex, spec), keep_comments=True)
        self._link_grammar = _link_grammar(spec)

    def text(self, value: str) -> str:
        """Return a text without LaTeX: accents, escapes, and the braces that keep capitals; its spaces are single."""
        if not _NO_LATEX.fullmatch(value):
            value = _REFERENCE.sub(_unescaped, value)
            value = _LONE_ACCENTS.sub(_lone_accent, _BARE_TEXT_SIGN.sub(_hidden, value))
            value = _decoded(self._texts, value, self._text_grammar)
        return one_line(value)

    def links(self, value: str) -> str:
        r"""Return a field of links as it was before LaTeX; what `\url{…}` holds stands by itself.

        A command that means nothing in a link stays, with its backslash: such a link is recognised as none.
        """
        if _PLAIN_LINK.fullmatch(value):
            return _ESCAPED.sub(r"\1", value)
        if _ENVIRONMENT in value:  # its name would be dropped, and the link be another one
            return value
        value = _BRACKET.sub(r"\1", _VERBATIM.sub(r" \2 ", value))
        value = _TILDE_FORMULA.sub("~", _AMPERSAND.sub("&", value))
        value = _BARE_LINK_SIGN.sub(_hidden, value)
        return one_line(_decoded(self._links, value, self._link_grammar))


def _decoded(decoder: Any, value: str, grammar: Any) -> str:
    try:
        decoded = decoder.latex_to_text(value, latex_context=grammar)
    except Exception:  # noqa: BLE001  # the library stumbles over some commands without arguments: the text stays whole
        decoded = value
    return str(decoded).translate(_SHOWN)


def _hidden(match: re.Match[str]) -> str:
    return _HIDDEN[match.group()]


def _lone_accent(match: re.Match[str]) -> str:
    return _LONE_ACCENT_NAMES[match[1]]


def _unescaped(match: re.Match[str]) -> str:
    """What a reference of HTML stands for; an unknown one is no reference."""
    character = html.unescape(f"&{match[1]}")
    if character.startswith("&") and character != "&":
        return match.group()
    return re.sub(r"([%&$#_{}])", r"\\\1", character)


def _text_context(latex: Any) -> Any:
    """How the commands of a text are shown."""
    rules = {
        **_TEXT_SIGNS,
        **dict.fromkeys(_REFERRING, _bracketed),
        **dict.fromkeys(_BOXES, _arguments),
        **dict.fromkeys(_INVISIBLE, ""),
        "url": "%s",
        "href": "%(2)s",
    }
    context = latex.get_default_latex_context_db()
    context.add_context_category(
        "catalog", macros=starmap(latex.MacroTextSpec, rules.items()), prepend=True
    )
    # the library leaves out what commands without a rule hold, such as the name of a program in \texttt
    context.set_unknown_macro_spec(latex.MacroTextSpec("", _arguments))
    return context


def _text_grammar(spec: Any, purpose: str) -> Any:
    """How many arguments the commands of a text have."""
    walker = load_library("pylatexenc.latexwalker", "pylatexenc", purpose)
    grammar = walker.get_default_latex_context_db()
    arguments = {"href": "{{", **dict.fromkeys(("url", *_BOXES), "{")}
    macros = starmap(spec.std_macro, arguments.items())
    grammar.add_context_category("catalog", macros=macros, prepend=True)
    return grammar


def _link_context(latex: Any, spec: Any) -> Any:
    """How the commands of a link are shown: none has a meaning but those that print a sign."""
    rules = _LINK_SIGNS | dict.fromkeys(_LINK_COMMANDS, " %(1)s ")
    context = spec.LatexContextDb()
    context.add_context_category(
        "catalog", macros=starmap(latex.MacroTextSpec, rules.items()), environments=[], specials=[]
    )
    context.set_unknown_macro_spec(latex.MacroTextSpec("", _verbatim))
    return context


def _bracketed(node: Any) -> str:
    """What a command refers to, in brackets: the library says <cit.> and <ref>, which name nothing."""
    last = node.nodeargd.argnlist[-1]
    return f"[{last.latex_verbatim().strip('{}')}]" if last is not None else _verbatim(node)


def _arguments(node: Any, l2tobj: Any) -> str:
    """What a command holds, without the command."""
    if node.nodeargd is None:
        return ""
    arguments = filter(None, node.nodeargd.argnlist)
    return str(l2tobj.nodelist_to_text(list(arguments)))


def _verbatim(node: Any) -> str:
    return str(node.latex_verbatim())


def _link_grammar(spec: Any) -> Any:
    """How many arguments the commands of a link have."""
    grammar = spec.LatexContextDb()
    macros = [spec.std_macro(name, arguments) for name, arguments in _LINK_COMMANDS.items()]
    signs = [spec.std_macro(name, "") for name in _LINK_SIGNS]
    grammar.add_context_category("catalog", macros=[*macros, *signs], environments=[], specials=[])
    grammar.set_unknown_macro_spec(spec.MacroSpec(""))
    return grammar


_DOI_PREFIX: Final = re.compile(
    r"\A(?:(?:doi(?:\s*+:|\s)|https?://(?:dx\.|www\.)?doi\.org/|(?:dx\.)?doi\.org/)\s*+)++",
    re.IGNORECASE,
)
_YEAR: Final = re.compile(r"(?<!\d)(?:1[89]|2\d)\d\d(?!\d)")
# An arXiv id in a text that says what it is: `arXiv preprint arXiv:2401.10000`, `abs/1706.03763`.
_ARXIV: Final = re.compile(
    r"(?:abs/|arxiv[:.\s]*)((?:\d{4}\.\d{4,5}|[a-z-]+/\d{7})(?:v\d+)?)", re.IGNORECASE
)
# Marks that publishers leave in titles and abstracts: HTML, and the JATS of Crossref.
_MARKUP: Final = re.compile(
    r"</?(?:i|b|em|strong|sup|sub|sc|span|scp|p|title|jats:[\w-]+|mml:[\w-]+)(?:\s[^<>]*)?/?>"
)
# What stands behind the only comma of a name and does not go before it. Capitals tell `Jr` from the initials J.R.
_NO_FIRST_NAMES: Final = frozenset(
    {"Jr", "Sr", "III", "PhD", "Ph.D", "Inc", "Ltd", "LLC", "Corp", "GmbH"}
)
_WORD: Final = re.compile(r"[^\W_]+")
_CODE: Final = re.compile(r"(?:https?://)?(?:www\.)?github\.com/", re.IGNORECASE)


def doi_address(text: str) -> str | None:
    """Return the link of a DOI, which people write in many ways; what is none stays, to be pointed out."""
    number = _DOI_PREFIX.sub("", text.strip())
    if number.startswith("10."):
        return f"https://doi.org/{number}"
    return text or None


def mentioned_arxiv(text: str) -> str | None:
    """Return the link of the preprint whose id a text mentions."""
    match = _ARXIV.search(text)
    return match and arxiv_address(match[1])


def year_of(*texts: str) -> str | None:
    """Return the first year in some texts, also that of `2016a`; a first text without one stays, to be pointed out."""
    for text in texts:
        match = _YEAR.search(text)
        if match is not None:
            return match.group()
    return texts[0] or None


def names_in(field: str) -> list[str]:
    """Return the names of a field without LaTeX, as people say them: one, or several that commas separate."""
    parts = list(map(one_line, field.split(",")))
    if len(parts) > 2 and all(" " in part for part in parts):  # noqa: PLR2004  # `Last, First` has two
        return parts
    return [in_order(parts)]


def authors_in(fields: Iterable[str]) -> list[str]:
    """Return the names of several fields; see `names_in`."""
    return list(chain.from_iterable(map(names_in, fields)))


def in_order(parts: Iterable[str]) -> str:
    """Return `Last, First, Jr.` as people say it."""
    stated = [part.strip() for part in parts if part.strip()]
    # a name may have one part, or none
    last, first, *suffixes = [*stated, "", ""]
    if not any(suffixes) and first.strip(".") in _NO_FIRST_NAMES:
        return f"{last}, {first}"
    return " ".join(filter(None, [first, last, *suffixes]))


def without_markup(value: Any) -> str | None:
    """Return a text without the marks and the references of HTML; of a list of titles the first one."""
    if isinstance(value, list):
        value = next(iter(value), None)
    text = as_text(value)
    if text is None:
        return None
    text = _REFERENCE.sub(
        lambda reference: html.unescape(f"&{reference[1]}"), _MARKUP.sub("", text)
    )
    return one_line(text)


def is_code(link: str | None) -> bool:
    """Whether a link leads to a repository."""
    return link is not None and _CODE.match(link) is not None


def _is_weights(link: str) -> bool:
    return home_field(link) == "huggingface"


def _place_of(link: str) -> str:
    """What a link leads to, in whichever spelling."""
    meant = identify(link)
    return link if meant is None else meant.key + meant.detail


def reference_links(
    pages: Sequence[str | None], further: Iterable[str | None] = ()
) -> Mapping[str, Any]:
    """Return the links of a publication by the keys of catalogs.

    Args:
        pages: links that may be the paper's own, the best one first.
        further: links that belong to it otherwise.
    """
    by_place: dict[str, str] = {}
    for link in [*pages, *further]:
        if link:
            by_place.setdefault(_place_of(link), link)
    links = list(by_place.values())
    code = first_of(filter(is_code, links))
    weights = first_of(filter(_is_weights, links))
    unplaced = [link for link in links if link not in (code, weights)]
    paper = first_of(link for link in unplaced if link in pages)
    if paper is not None:
        unplaced.remove(paper)
    return {"github": code, "huggingface": weights, "paper": paper, "links": unplaced}


def task_of(words: str | None) -> str | None:
    """Return the task that some words mean (`Image Classification`, `text-to-image`), of those that ship."""
    plain = _plain(words or "")
    for task in shipped_tasks():
        if plain in map(_plain, (task.id, *task.aliases)):
            return task.id
    return None


def _plain(words: str) -> str:
    return " ".join(_WORD.findall(words.casefold()))
