"""Links: what they lead to, how they should be spelled, and in which field of an entry they belong.

arXiv's forms of one paper, GitHub's and Hugging Face's forms of one repository, DOIs and plain web addresses each get a
key. Two URLs of one key lead to the same place; what the key leaves out (an arXiv version, a path inside a repository)
is kept beside it. No digit, owner or name is ever folded away, only letter case where the host itself ignores it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final
from urllib.parse import unquote

_URL: Final = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,15})://)?(?P<host>[^\s/?#@\\<>\"`:]++)(?P<port>:\d{1,5})?"
    r"(?P<path>/[^\s?#]*+)?(?:\?(?P<query>[^\s#]*+))?(?:\#(?P<fragment>\S*+))?"
)
_GIT_SSH: Final = re.compile(r"(?:ssh://)?git@(?P<host>[\w.-]+)[:/](?P<path>\S+)")
_ARXIV_ID: Final = re.compile(
    r"(?P<id>\d{4}\.\d{4,5}|[a-z]+(?:-[a-z]+)?(?:\.[a-z]{2})?/\d{7})(?P<version>v\d{1,3})?", re.IGNORECASE
)
_FIVE_DIGITS_SINCE: Final = "1501"
_ARXIV_FORMS: Final = ("abs/", "pdf/", "html/", "format/", "ps/", "e-print/", "src/", "overview/", "papers/")
_ARXIV_HOSTS: Final = frozenset(
    {"arxiv.org", "export.arxiv.org", "browse.arxiv.org", "ar5iv.org", "ar5iv.labs.arxiv.org", "alphaxiv.org"}
)
_DOI_HOSTS: Final = frozenset({"doi.org", "dx.doi.org"})
_DOI: Final = re.compile(r"10\.\d{4,9}/\S+")
_HF_HOSTS: Final = frozenset({"huggingface.co", "hf.co"})
_CODE_HOSTS: Final = frozenset({"github.com", "gitlab.com", "bitbucket.org"})
_PAPER_HOSTS: Final = frozenset({
    "aclanthology.org", "arxiv.org", "dl.acm.org", "doi.org", "export.arxiv.org", "ieeexplore.ieee.org",
    "openaccess.thecvf.com", "openreview.net", "papers.nips.cc", "proceedings.mlr.press", "proceedings.neurips.cc",
})  # fmt: skip
_NOT_OWNERS: Final = frozenset(
    "about apps blog collections contact customer-stories docs enterprise events explore features join login "  # noqa: SIM905
    "marketplace models organizations orgs papers posts pricing search settings sponsors tasks topics trending".split()
)
_HIDDEN: Final = re.compile("[\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufeff]")
_TRACKING: Final = re.compile(r"(?:utm_[a-z]+|ref_src|fbclid|gclid)=", re.IGNORECASE)
_REFERRER: Final = re.compile(r"ref=", re.IGNORECASE)
_DEFAULT_VIEW: Final = re.compile(r"/(?:tree|blob)/(?:main|master)(?:/readme\.md)?/?", re.IGNORECASE)
_PLACEHOLDER_HOSTS: Final = re.compile(
    r"(?:.*\.)?example\.(?:com|org|net|edu)|localhost|127\.0\.0\.1|(?:www\.)?(?:link|url|domain|website|placeholder)"
    r"(?:\.(?:com|org))?|your[\w-]*(?:\.\w+)?|.*\.(?:example|invalid|test|localhost)",
    re.IGNORECASE,
)
_TEMPLATE_WORDS: Final = re.compile(
    r"\.\.\.|…|[{}]|x{4,}|\[[^\]]*\]|<[^>]*>|(?:^|[/_-])(?:your|insert|placeholder)[/_-]", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Link:
    """What a URL leads to.

    Attributes:
        kind: `arxiv`, `doi`, `github`, `huggingface` or `web`.
        key: the identity: equal for all spellings of one place, different for different places.
        detail: what the identity leaves open: an arXiv version, a path inside a repository.
    """

    kind: str
    key: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Address:
    """The parts of an http or https URL, the host in lower case and without `www.`."""

    scheme: str | None
    host: str
    port: str
    path: str
    query: str


def _address(url: str) -> _Address | None:
    """Take a URL apart; None when it is no http or https URL. A missing scheme is forgiven."""
    match = _URL.fullmatch(url)
    if match is None or (match["scheme"] or "https").lower() not in ("http", "https"):
        return None
    host = match["host"].lower().rstrip(".").removeprefix("www.")
    if not host or not host[0].isalnum() or (match["scheme"] is None and "." not in host):
        return None
    scheme = match["scheme"].lower() if match["scheme"] else None
    return _Address(scheme, host, match["port"] or "", match["path"] or "", match["query"] or "")


def identify(url: str) -> Link | None:
    """Return what a URL leads to, or None when it is no http or https URL. A missing scheme is forgiven."""
    text = _HIDDEN.sub("", url.strip())
    ssh = _GIT_SSH.fullmatch(text)
    address = _address(f"{ssh['host']}/{ssh['path']}" if ssh else text)
    if address is None:
        return None
    path = re.sub("/{2,}", "/", unquote(address.path).lstrip("/")).rstrip("/")
    for read in (_arxiv, _doi, _github, _huggingface):
        link = read(address.host, path)
        if link is not None:
            return link
    port = address.port if address.port not in ("", ":80", ":443") else ""
    query = "&".join(
        part for part in address.query.split("&") if part and not _TRACKING.match(part) and not _REFERRER.match(part)
    )
    return Link("web", f"{address.host}{port}" + (f"/{path}" if path else "") + (f"?{query}" if query else ""))


def home_field(url: str) -> str | None:
    """Return the field where a link belongs by its host: `paper`, `github`, `huggingface`; None where it may be any."""
    address = _address(url)
    if address is None:
        return None
    if address.host in _PAPER_HOSTS:
        return "paper"
    if address.host in _HF_HOSTS:
        return "paper" if address.path.startswith("/papers/") else "huggingface"
    if address.host in _CODE_HOSTS:
        return None if address.path.lower().endswith(".pdf") else "github"
    return None


def short_spelling(url: str) -> str:
    """Return a link to GitHub, Hugging Face or arXiv in its short spelling; any other without tracking marks.

    `https://github.com/a/b.git?tab=readme-ov-file#usage` becomes `https://github.com/a/b`. For arXiv the spellings
    `abs`, `pdf` and the version stay: each is a link of its own.
    """
    address = _address(url)
    if address is None or address.scheme is None:
        return url
    if address.host in ("arxiv.org", "export.arxiv.org"):
        return f"{address.scheme}://arxiv.org{address.path}"
    if address.host == "github.com":
        return f"https://github.com{_repository_path(address.path)}"
    if address.host in _HF_HOSTS:
        return f"https://huggingface.co{_repository_path(address.path)}"
    kept = [part for part in address.query.split("&") if not _TRACKING.match(part)]
    if "&".join(kept) == address.query:
        return url
    before, _, rest = url.partition("?")
    _, mark, fragment = rest.partition("#")
    return before + ("?" if kept else "") + "&".join(kept) + mark + fragment


def _repository_path(path: str) -> str:
    """The path of a repository or of a place in it, without what shows the same page."""
    owner, _, rest = path.strip("/").partition("/")
    name, slash, inside = rest.partition("/")
    if not name:
        return path.rstrip("/")
    view = "" if _DEFAULT_VIEW.fullmatch(slash + inside) else slash + inside
    return f"/{owner}/{name.removesuffix('.git')}{view.rstrip('/')}"


def arxiv_address(text: str) -> str | None:
    """Return the URL that an arXiv id means (arXiv, "Understanding the arXiv identifier"); None for anything else.

    `2401.10000`, `arXiv:2401.10000v2` and `hep-th/9901001` are ids. An id of 2015 or later has five digits behind the
    point, one before that four: `2401.1000` is none, it has lost a zero.
    """
    bare = re.sub(r"\Aarxiv:\s*", "", text.strip(), flags=re.IGNORECASE)
    match = _ARXIV_ID.fullmatch(bare)
    if match is None:
        return None
    month, point, number = match["id"].partition(".")
    if "/" not in match["id"] and point and len(number) != (5 if month >= _FIVE_DIGITS_SINCE else 4):
        return None
    return f"https://arxiv.org/abs/{bare}"


def arxiv_link(text: str) -> Link | None:
    """Return the link that an arXiv id stands for, such as `2401.10000v2` or `hep-th/9901001`."""
    match = _ARXIV_ID.fullmatch(text)
    if match is None:
        return None
    number = match["id"].lower()
    if "/" in number:
        archive, digits = number.split("/")
        number = f"{archive.split('.')[0]}/{digits}"  # the subject class is no part of the id
    return Link("arxiv", f"arxiv:{number}", (match["version"] or "").lower())


def doi_link(text: str) -> Link | None:
    """Return the link that a DOI stands for, such as `10.1000/182`; arXiv's own DOIs are arXiv ids."""
    text = text.rstrip(".,;:)]")
    if _DOI.fullmatch(text) is None:
        return None
    lowered = text.lower()
    own = arxiv_link(lowered.removeprefix("10.48550/arxiv.")) if lowered.startswith("10.48550/arxiv.") else None
    return own or Link("doi", f"doi:{lowered}")


def _arxiv(host: str, path: str) -> Link | None:
    if host not in _ARXIV_HOSTS and not (host in _HF_HOSTS and path.startswith("papers/")):
        return None
    form = next((form for form in _ARXIV_FORMS if path.lower().startswith(form)), "")
    rest = path[len(form) :]
    return arxiv_link(re.sub(r"\.(?:pdf|html|ps)$", "", rest, flags=re.IGNORECASE)) if form else None


def _doi(host: str, path: str) -> Link | None:
    return doi_link(path) if host in _DOI_HOSTS else None


def _github(host: str, path: str) -> Link | None:
    if host != "github.com" or not path:
        return None
    owner, _, rest = path.partition("/")
    name, _, inside = rest.partition("/")
    name = name.removesuffix(".git") if name.lower() != ".git" else name
    if owner.lower() in _NOT_OWNERS:
        return None
    return Link("github", f"github:{owner}/{name}".casefold().rstrip("/"), _inside(inside))


def _huggingface(host: str, path: str) -> Link | None:
    if host not in _HF_HOSTS or not path:
        return None
    first, _, rest = path.partition("/")
    kind = {"datasets": "dataset", "spaces": "space"}.get(first.lower())
    if kind:
        first, _, rest = rest.partition("/")
    if not first or (not kind and first.lower() in _NOT_OWNERS):
        return None
    name, _, inside = rest.partition("/")
    return Link("huggingface", f"hf:{kind or 'model'}:{first}/{name}".casefold().rstrip("/"), _inside(inside))


def _inside(path: str) -> str:
    """The path inside a repository: `tree/main` is its front page."""
    return "" if re.fullmatch(r"(?:tree|blob)/(?:main|master)", path) else path


def is_placeholder(url: str) -> bool:
    """Whether a URL stands for one that was never filled in: `https://example.com`, `github.com/your-name/…`."""
    match = _URL.fullmatch(url.strip())
    if match is None:
        return True
    return (
        _PLACEHOLDER_HOSTS.fullmatch(match["host"]) is not None
        or _TEMPLATE_WORDS.search(match["path"] or "") is not None
    )


def resembles(one: Link, other: Link) -> bool:
    """Whether one link looks like a slip of the other: a digit, another owner, a letter more or less."""
    if one.kind == "arxiv" and other.kind == "arxiv":
        return _differences(one.key, other.key) <= 2  # two digits: chance makes ids this near 1 in 10^4  # noqa: PLR2004
    if one.kind == other.kind == "github" or one.kind == other.kind == "huggingface":
        owner, name = _owner_name(one.key)
        other_owner, other_name = _owner_name(other.key)
        return (
            name == other_name
            or (owner == other_owner and _ratio(name, other_name) >= 0.6)  # noqa: PLR2004
            or (
                _ratio(one.key, other.key) >= 0.88  # noqa: PLR2004
            )
        )
    longest = max(len(one.key), len(other.key))
    return abs(len(one.key) - len(other.key)) <= longest * 0.2 and _ratio(one.key, other.key) >= 0.9  # noqa: PLR2004


def _owner_name(key: str) -> tuple[str, str]:
    owner, _, name = key.rpartition(":")[2].partition("/")
    return owner, name


def _differences(one: str, other: str) -> int:
    if len(one) != len(other):
        shorter, longer = sorted((one, other), key=len)
        return (
            1
            if len(longer) - len(shorter) == 1
            and any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
            else 9
        )
    return sum(a != b for a, b in zip(one, other, strict=True))


def _ratio(one: str, other: str) -> float:
    if not one or not other:
        return 0.0
    matcher = SequenceMatcher(None, one[:300], other[:300], autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= 0.6 and matcher.quick_ratio() >= 0.6 else 0.0  # noqa: PLR2004
