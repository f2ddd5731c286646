"""Links: what they lead to, how they should be spelled, and in which field of an entry they belong.

arXiv's forms of one paper, GitHub's and Hugging Face's forms of one repository, DOIs and plain web addresses each get a
key. Two URLs of one key lead to the same place; what the key leaves out (an arXiv version, a path inside a repository)
is kept beside it. No digit, owner or name is ever folded away, only letter case where the host itself ignores it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import SequenceMatcher
from functools import lru_cache, partial
from itertools import filterfalse
from operator import ne
from typing import Final
from unicodedata import normalize
from urllib.parse import unquote, urljoin

from msgspec import Struct
from msgspec.structs import replace

from explainer.diagnostics.text import lazy_regex

# Possessive quantifiers: addresses come from language models, and no text may make a pattern try for long.
_URL: Final = lazy_regex(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,15})://)?(?P<host>[^\s/?#@\\<>\"`:]++)(?P<port>:\d{1,5})?"
    r"(?P<path>/[^\s?#]*+)?(?:\?(?P<query>[^\s#]*+))?(?:\#(?P<fragment>\S*+))?"
)
_SCHEMES: Final = ("", "http", "https")
# What a browser takes off a URL before it reads it: spaces and controls around it, and line breaks and tabs within.
_AROUND_URL: Final = "".join(map(chr, range(0x21)))
_WITHIN_URL: Final = str.maketrans("", "", "\t\r\n")
_DESTINATION: Final = lazy_regex(
    r"(?:([a-z][a-z0-9+.-]{0,40}):)?([/\\]*)(.*)", re.IGNORECASE | re.DOTALL
)
# Browsers read a backslash as a slash, but not behind the first `?` or `#`; a port without a number is none.
_AUTHORITY: Final = lazy_regex(
    r"(?:[^/\\?#]*@)?(?P<host>[^/\\?#@]*?)(?::|(?P<port>:\d{1,5}))?(?P<path>[/\\][^?#]*)?(?P<behind>[?#].*)?",
    re.DOTALL,
)
_NOT_IN_HOST: Final = lazy_regex(r"[\x00-\x20#/:<>?@\[\\\]^|%]")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
_DEFAULT_PORT: Final = lazy_regex(r"\A:(?:80|443)\Z")
_DOT: Final = lazy_regex(r"\.|%2e", re.IGNORECASE)
# The segments of a path that are no names: two dots for the folder above, one for the folder itself.
_DOTS: Final = lazy_regex(rf"(?P<parent>(?:{_DOT.pattern}){{2}})|{_DOT.pattern}", re.IGNORECASE)
# As `git clone` takes it: git@github.com:owner/name, git://github.com/owner/name.
_GIT_SSH: Final = lazy_regex(r"(?:(?:ssh://)?git@|git://)(?P<host>[\w.-]+)[:/](?P<path>\S+)")
# An id since 2007, or one before that with its archive: 2401.10000v2, hep-th/9901001.
_ARXIV_ID: Final = lazy_regex(
    r"(?P<id>\d{4}\.\d{4,5}|[a-z]+(?:-[a-z]+)?(?:\.[a-z]{2})?/\d{7})(?P<version>v\d{1,3})?",
    re.IGNORECASE,
)
# The numbers behind the point of an arXiv id have five digits since 2015, and had four before.
_ARXIV_ID_OF_ITS_LENGTH: Final = lazy_regex(
    rf"(?!(?:0\d|1[0-4])\d\d\.\d{{5}}|(?:1[5-9]|[2-9]\d)\d\d\.\d{{4}}(?!\d)){_ARXIV_ID.pattern}",
    re.IGNORECASE,
)
# The forms of a paper, on arXiv and on the sites that show its papers.
_ARXIV_PATH: Final = lazy_regex(
    r"(?:abs|pdf|html|format|ps|e-print|src|overview|papers)/(?P<id>.*?)(?:\.(?:pdf|html|ps))?",
    re.IGNORECASE,
)
_ARXIV_HOSTS: Final = frozenset(
    {
        "arxiv.org",
        "export.arxiv.org",
        "browse.arxiv.org",
        "ar5iv.org",
        "ar5iv.labs.arxiv.org",
        "alphaxiv.org",
    }
)
_DOI: Final = lazy_regex(r"10\.\d{4,9}/\S+")
# How the DOIs begin that arXiv gives its papers.
_ARXIV_DOI: Final = "10.48550/arxiv."
_HF_HOSTS: Final = frozenset({"huggingface.co", "hf.co"})
_REPOSITORY_HOSTS: Final = {
    "github.com": "github.com",
    "huggingface.co": "huggingface.co",
    "hf.co": "huggingface.co",
}
_CODE_HOSTS: Final = frozenset({"github.com", "gitlab.com", "bitbucket.org"})
_PAPER_HOSTS: Final = frozenset({
    "aclanthology.org", "arxiv.org", "dl.acm.org", "doi.org", "export.arxiv.org", "ieeexplore.ieee.org",
    "openaccess.thecvf.com", "openreview.net", "papers.nips.cc", "proceedings.mlr.press", "proceedings.neurips.cc",
})  # fmt: skip
# Publishers whose pages have the DOI in their path, or in an argument; a DOI in the address of another host is foreign.
_DOI_HOSTS: Final = frozenset({
    "dl.acm.org", "link.springer.com", "onlinelibrary.wiley.com", "tandfonline.com", "journals.sagepub.com",
    "science.org", "pnas.org", "pubs.acs.org", "pubs.aip.org", "epubs.siam.org", "royalsocietypublishing.org",
    "direct.mit.edu", "frontiersin.org", "journals.aps.org", "link.aps.org", "iopscience.iop.org", "journals.plos.org",
    "worldscientific.com", "annualreviews.org", "emerald.com", "degruyter.com", "biorxiv.org", "medrxiv.org",
    "spiedigitallibrary.org", "ascelibrary.org", "ahajournals.org", "nejm.org", "liebertpub.com", "arc.aiaa.org",
})  # fmt: skip
_DOI_IN_ADDRESS: Final = lazy_regex(r"(?:^|[/=])(10\.\d{4,9}/[^\s&]+)")
# Journals of Wiley may have hosts of their own, such as agupubs.onlinelibrary.wiley.com.
_WILEY: Final = "onlinelibrary.wiley.com"
# What publishers put behind a DOI to show the page, the text or the PDF of one publication.
_DOI_VIEW: Final = lazy_regex(
    r"(?:/(?:id/\d.*|e?pdf|full(?:text)?|abs(?:tract)?|html|summary|meta)|(?:v\d{1,2})?(?:\.(?:pdf|full|short|html))+)\Z",
    re.IGNORECASE,
)
# Sites that show one publication under several addresses: their hosts, and what in the path and the query tells it.
# Nature's pages are named by the ends of their DOIs, those of the ACL by its ids, of which it also makes DOIs.
_PUBLICATIONS: Final = (
    ("doi:10.1038/", "nature.com", lazy_regex(r"articles/([\w.-]+?)(?:\.pdf)?\?.*", re.IGNORECASE)),
    ("acl:", "aclanthology.org aclweb.org", lazy_regex(
        r"(?:anthology/|papers/)?(?:\w/\w\d\d/)?([A-Z]\d\d-\d{4}|\d{4}\.[\w-]+\.\d+)(?:\.pdf)?\?.*", re.IGNORECASE
    )),
    ("openreview:", "openreview.net", lazy_regex(r"(?:forum|pdf)\?(?:.*&)?id=([\w-]+)(?:&.*)?")),
    ("ieee:", "ieeexplore.ieee.org", lazy_regex(
        r"(?:(?:abstract/)?document/|(?:stamp|stampPDF|xpl)/\w+\.jsp\?(?:.*&)?arnumber=)(?:0(?=\d))*+(\d+)\b(?:[/?&].*)?"
    )),
    ("neurips:", "papers.nips.cc papers.neurips.cc proceedings.nips.cc proceedings.neurips.cc", lazy_regex(
        r"paper(?:_files/paper)?/(?:\d{4}/(?:hash|file)/)?([0-9a-f]{32}(?=-(?:Abstract|Paper)\b)|\d+-[\w-]+)[\w-]*"
        r"(?:\.html|\.pdf)?\?.*"
    )),
    ("cvf:", "openaccess.thecvf.com", lazy_regex(
        r"(content\w*(?:/\w+)?/)(?:html|papers)/((?:\w+/)?.+_paper)\.(?:html|pdf)\?.*"
    )),
    ("pmlr:", "proceedings.mlr.press", lazy_regex(r"(v\d+/)(?:[\w-]+/)?([\w-]+)(?:\.html|\.pdf)?\?.*")),
    ("jmlr:", "jmlr.org", lazy_regex(r"papers/v(?:olume)?(\d+/)(?:[\w-]+/)?([\w-]+)(?:\.html|\.pdf)?\?.*")),
)  # fmt: skip
_FOLDED: Final = frozenset({"doi:10.1038/", "acl:"})  # whose letter case means nothing
_ACL_DOI: Final = lazy_regex(r"10\.(?:18653|3115)/v1/(?=[a-z]\d\d-|\d{4}\.)")
# Pages of GitHub and Hugging Face that stand where an owner would, nothing among them: nobody can have these names.
_NOT_OWNERS: Final = frozenset(
    " about apps blog collections contact customer-stories docs enterprise events explore features join login "  # noqa: SIM905
    "marketplace models organizations orgs papers posts pricing search settings sponsors tasks topics trending".split(
        " "
    )
)
HIDDEN_CHARACTERS: Final = (
    "\u00ad\u034f\u180e\u200b\u200c\u200d\u200e\u200f"
    "\u2060\u2061\u2062\u2063\u2064\ufe0e\ufe0f\ufeff"
)
"""Characters that cannot be seen, which come along when an address is copied from a page or a PDF."""
_HIDDEN: Final = lazy_regex(f"[{HIDDEN_CHARACTERS}]")
_HF_KINDS: Final = {"datasets": "dataset", "spaces": "space"}
# What git appends to the address of a repository; a repository may be called `.git`, with nothing before it.
_GIT_ENDING: Final = lazy_regex(r"(?<=.)\.git\Z", re.DOTALL)
# `compare/main...other:name:branch` shows the code of another owner.
_COMPARED_OWNER: Final = lazy_regex(r"(?:\Acompare/|\.{2,3})([\w-]+):")
_FRONT_PAGE: Final = lazy_regex(r"\A(?:tree|blob)/(?:main|master)\Z")
# The subject class of an old arXiv id is no part of it: math.GT/0309136.
_SUBJECT_CLASS: Final = lazy_regex(r"\.[a-z]{2}(?=/)")
_TRACKING: Final = lazy_regex(r"(?:utm_[a-z]+|ref_src|fbclid|gclid)=", re.IGNORECASE)
# `ref=` mostly says where a reader comes from, so two links that differ in it are one; but not always, so it stays.
_TRACKING_OR_REFERRER: Final = lazy_regex(rf"{_TRACKING.pattern}|ref=", re.IGNORECASE)
_ANY_PATH: Final = lazy_regex("")
_PAPER_PAGE: Final = lazy_regex("/papers/")
# A PDF beside code may be anything.
_NO_PDF: Final = lazy_regex(r"(?!.*\.pdf\Z)", re.IGNORECASE | re.DOTALL)
# The fields of an entry where links of a host belong, each with the paths there; the first one counts.
_HOME_FIELDS: Final[dict[str, tuple[tuple[re.Pattern[str], str], ...]]] = {
    **dict.fromkeys(_PAPER_HOSTS, ((_ANY_PATH, "paper"),)),
    **dict.fromkeys(_HF_HOSTS, ((_PAPER_PAGE, "paper"), (_ANY_PATH, "huggingface"))),
    **dict.fromkeys(_CODE_HOSTS, ((_NO_PDF, "github"),)),
}
# Paths inside a repository that show its front page.
_DEFAULT_VIEW: Final = lazy_regex(
    r"/(?:tree|blob)/(?:main|master)(?:/readme\.md)?/?", re.IGNORECASE
)
_PLACEHOLDER_HOSTS: Final = lazy_regex(
    r"(?:.*\.)?example\.(?:com|org|net|edu)|localhost|127\.0\.0\.1|0\.0\.0\.0|(?:www\.)?(?:link|url|domain|website|placeholder)"
    r"(?:\.(?:com|org))?|your[\w-]*(?:\.\w+)?|.*\.(?:example|invalid|test|localhost)",
    re.IGNORECASE,
)
# Parts of a path that say "put your own here", in the ways in which people and language models write that.
_TEMPLATE_WORDS: Final = lazy_regex(
    r"\.\.\.|…|[{}]|x{4,}|\[[^\[\]]*\]|<[^<>]*>|(?:^|[/_-])(?:your|insert|placeholder)[/_-]",
    re.IGNORECASE,
)

# Characters of a path and a query that are read: those that sites make have some hundred.
_LONGEST_KNOWN: Final = 4_096
# Digits in which ids of arXiv differ that resemble each other: chance makes ids this near 1 in 10^4.
_MOST_DIGITS: Final = 2
# Likeness of the names of two repositories of one owner, which makes a slip likely.
_LIKE_NAME: Final = 0.6
# Likeness of two repositories, owner and name together.
_LIKE_REPOSITORY: Final = 0.88
# Likeness of two other addresses.
_LIKE_ADDRESS: Final = 0.9
# Part of its length by which one of two alike addresses may be longer.
_LENGTH_MARGIN: Final = 0.2
# Characters of an address that are compared, for the comparison takes the square of that.
_COMPARED: Final = 300


class Link(Struct, frozen=True):
    """What a URL leads to.

    Attributes:
        kind: `arxiv`, `doi`, `github`, `huggingface` or `web`.
        key: the identity: equal for all spellings of one place, different for different places.
        detail: what the identity leaves open: an arXiv version, a path inside a repository.
    """

    kind: str
    key: str
    detail: str = ""


class _Address(Struct, frozen=True):
    """The parts of an http or https URL, the host in lower case and without `www.`.

    Without a scheme a default port is none; where there is one, `opened_url` takes it off.
    """

    scheme: str
    host: str
    port: str
    path: str
    query: str


def _address(url: str) -> _Address | None:
    """Take a URL apart; None when it is no http or https URL. A missing scheme is forgiven."""
    match = _URL.fullmatch(url)
    if match is None:
        return None
    parts = match.groupdict(default="")
    scheme = parts["scheme"].lower()
    host = parts["host"].lower().rstrip(".").removeprefix("www.")
    if scheme not in _SCHEMES or not host[:1].isalnum():
        return None
    if scheme:
        return _Address(scheme, host, parts["port"], parts["path"], parts["query"])
    if "." not in host:  # a word, or a relative path
        return None
    port = _DEFAULT_PORT.sub("", parts["port"])
    return _Address(scheme, host, port, parts["path"], parts["query"])


def opened_url(href: str, base: str | None = None) -> str | None:
    """Return the URL that a browser opens for a destination, when that is of http or https (WHATWG URL Standard, 4.4).

    Tabs and line breaks go, backslashes are slashes, `//host` takes the scheme of the page, user names and default
    ports go, hosts are lower case without percent escapes and compatibility characters, and `/a/../b` is `/b`.

    Args:
        href: the destination, decoded from its markup.
        base: the URL that relative destinations start from, if the page has one.

    Returns:
        None for another scheme, such as `javascript:`, and for a relative destination without a base.
    """
    scheme, slashes, below = _DESTINATION.findall(href.strip(_AROUND_URL).translate(_WITHIN_URL))[0]
    scheme = scheme.lower()
    if scheme not in _SCHEMES:
        return None
    # without a scheme there are two slashes before a host; behind one, browsers forgive that one is missing
    names_host = len(slashes) + bool(scheme) > 1
    page_scheme, _, _ = (base or "https").partition(":")
    if names_host:
        return _absolute(scheme or page_scheme, below)
    if base is not None:
        joined = urljoin(base, f"{slashes}{below}".replace("\\", "/"))
        scheme, _, below = joined.partition("://")
    return _absolute(scheme, below)


def _absolute(scheme: str, text: str) -> str | None:
    """The normal form of what stands behind `https://`; None without a host, and behind any other scheme."""
    match = _AUTHORITY.fullmatch(text)
    if match is None or scheme not in _DEFAULT_PORTS:
        return None
    parts = match.groupdict(default="")
    host = _host(parts["host"])
    if not host or _NOT_IN_HOST.search(host):
        return None
    port = parts["port"].removesuffix(_DEFAULT_PORTS[scheme])
    path = _without_dots(parts["path"].replace("\\", "/"))
    return f"{scheme}://{host}{port}{path}{parts['behind']}"


def _host(text: str) -> str:
    """A host as it is looked up: `%61rxiv.org`, also in full-width letters, is `arxiv.org`; one in Cyrillic is not."""
    host = _HIDDEN.sub("", unquote(text)).lower()
    if host.isascii():
        return host
    # as IDNA has it (UTS #46): compatibility characters are the plain ones, and four signs are full stops
    host = normalize("NFKC", host).casefold().replace("\u3002", ".")
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _without_dots(path: str) -> str:
    """A path without `.` and `..`, also where their dots are percent escapes."""
    if _DOT.search(path) is None:
        return path
    names: list[str] = []
    dots = None
    for segment in path.split("/"):
        dots = _DOTS.fullmatch(segment)
        if dots is None:
            names.append(segment)
        elif dots["parent"]:
            del names[max(1, len(names) - 1) :]
    # dots at the end mean a folder, whose path ends with a slash
    is_folder = dots is not None
    return "/".join(names) + "/" * is_folder


# an answer has each of its links several times, and other answers have them, too
@lru_cache(maxsize=4096)
def identify(url: str) -> Link | None:
    """Return what a URL leads to, or None when it is no http or https URL. A missing scheme is forgiven."""
    text = _HIDDEN.sub("", url.strip())
    if ssh := _GIT_SSH.fullmatch(text):
        text = f"{ssh['host']}/{ssh['path']}"
    address = _address(opened_url(text) or text)
    if address is None:
        return None
    # a server may take `%2F` for a slash, so dots behind it count as well
    path = _without_dots(unquote(address.path).replace("\\", "/"))
    path = re.sub("/{2,}", "/", path).strip("/")
    address = replace(address, path=path)
    return _known_site(address) or Link("web", _web_key(address))


def _known_site(address: _Address) -> Link | None:
    """What a site shows whose paths are known; None behind another port (another server), or if it is too long."""
    if address.port or len(address.path) + len(address.query) > _LONGEST_KNOWN:
        return None
    host = _WILEY if address.host.endswith(f".{_WILEY}") else address.host
    read = _READERS.get(host)
    if read is None:
        return None
    return read(address)


def _web_key(address: _Address) -> str:
    """The key of a plain web address, without marks of where the reader came from."""
    key = f"{address.host}{address.port}/{address.path}".rstrip("/")
    parts = filterfalse(_TRACKING_OR_REFERRER.match, address.query.split("&"))
    arguments = "&".join(filter(None, parts))
    return f"{key}{'?' * bool(arguments)}{arguments}"


def home_field(url: str) -> str | None:
    """Return the field where a link belongs by its host: `paper`, `github`, `huggingface`; None where it may be any."""
    address = _address(url)
    if address is None:
        return None
    for pattern, field in _HOME_FIELDS.get(address.host, ()):
        if pattern.match(address.path):
            return field
    return None


def short_spelling(url: str) -> str:
    """Return a link to GitHub, Hugging Face or arXiv in its short spelling; any other without tracking marks.

    `https://github.com/a/b.git?tab=readme-ov-file#usage` becomes `https://github.com/a/b`. For arXiv the spellings
    `abs`, `pdf` and the version stay: each is a link of its own.
    """
    address = _address(url)
    if address is None or not address.scheme:
        return url
    if address.host in ("arxiv.org", "export.arxiv.org"):
        return f"{address.scheme}://arxiv.org{address.path}"
    if address.host in _REPOSITORY_HOSTS:
        return f"https://{_REPOSITORY_HOSTS[address.host]}{_repository_path(address.path)}"
    return _without_tracking(url, address.query)


def _without_tracking(url: str, query: str) -> str:
    arguments = list(filterfalse(_TRACKING.match, query.split("&")))
    if "&".join(arguments) == query:
        return url
    before, _, behind = url.partition("?")
    _, mark, fragment = behind.partition("#")
    if arguments:
        before = f"{before}?{'&'.join(arguments)}"
    return f"{before}{mark}{fragment}"


def _repository_path(path: str) -> str:
    """The path of a repository or of a place in it, without what shows the same page."""
    owner, _, below = path.strip("/").partition("/")
    name, slash, inside = below.partition("/")
    if not name:
        return path.rstrip("/")
    repository = f"/{owner}/{name.removesuffix('.git')}"
    if _DEFAULT_VIEW.fullmatch(slash + inside):
        return repository
    return (repository + slash + inside).rstrip("/")


def arxiv_address(text: str) -> str | None:
    """Return the URL that an arXiv id means (arXiv, "Understanding the arXiv identifier"); None for anything else.

    `2401.10000`, `arXiv:2401.10000v2` and `hep-th/9901001` are ids. An id of 2015 or later has five digits behind the
    point, one before that four: `2401.1000` is none, it has lost a zero.
    """
    bare = re.sub(r"\Aarxiv:\s*", "", text.strip(), flags=re.IGNORECASE)
    if _ARXIV_ID_OF_ITS_LENGTH.fullmatch(bare) is None:
        return None
    return f"https://arxiv.org/abs/{bare}"


def arxiv_link(text: str) -> Link | None:
    """Return the link that an arXiv id stands for, such as `2401.10000v2` or `hep-th/9901001`."""
    match = _ARXIV_ID.fullmatch(text)
    if match is None:
        return None
    number = _SUBJECT_CLASS.sub("", match["id"].lower())
    return Link("arxiv", f"arxiv:{number}", match.groupdict(default="")["version"].lower())


def doi_link(text: str) -> Link | None:
    """Return the link that a DOI stands for, such as `10.1000/182`; arXiv's own DOIs are arXiv ids."""
    doi = text.rstrip(".,;:)]").lower()  # the letter case of a DOI means nothing
    if _DOI.fullmatch(doi) is None:
        return None
    if doi.startswith(_ARXIV_DOI) and (paper := arxiv_link(doi.removeprefix(_ARXIV_DOI))):
        return paper
    if acl := _ACL_DOI.match(doi):
        return Link("doi", f"acl:{doi[acl.end() :]}")
    return Link("doi", f"doi:{doi}")


def _publisher(address: _Address) -> Link | None:
    """What a publisher's page shows whose address has the DOI."""
    doi = _DOI_IN_ADDRESS.search(f"{address.path}?{address.query}".removesuffix("?"))
    if doi is None:
        return None
    return doi_link(_DOI_VIEW.sub("", doi[1].partition("?")[0]))


def _publication(prefix: str, pattern: re.Pattern[str], address: _Address) -> Link | None:
    """What a page shows that tells a publication in another way; the page, the PDF and the DOI of one are one link."""
    match = pattern.fullmatch(f"{address.path}?{address.query}")
    if match is None:
        return None
    name = "".join(match.groups())
    if prefix in _FOLDED:
        name = name.lower()
    return Link("web", f"{prefix}{name}")


def _doi(address: _Address) -> Link | None:
    return doi_link(address.path)


def _arxiv(address: _Address) -> Link | None:
    match = _ARXIV_PATH.fullmatch(address.path)
    if match is None:
        return None
    return arxiv_link(match["id"])


def _github(address: _Address) -> Link | None:
    owner, name, inside = _repository(address.path)
    if owner.lower() in _NOT_OWNERS:
        return None
    if inside.startswith("compare/"):
        owner = _compared_owner(owner, inside)
    return Link(
        "github", f"github:{owner}/{_GIT_ENDING.sub('', name)}".casefold().rstrip("/"), inside
    )


def _compared_owner(owner: str, comparison: str) -> str:
    """The owner whose code a comparison shows: another one, where it names one."""
    for compared in _COMPARED_OWNER.findall(comparison):
        if compared.casefold() != owner.casefold():
            return str(compared)
    return owner


def _huggingface(address: _Address) -> Link | None:
    path = address.path
    first, _, below = path.partition("/")
    if first == "papers":
        return _arxiv(address)
    if first.lower() in _NOT_OWNERS:
        return None
    kind = _HF_KINDS.get(first.lower(), "model")
    if kind != "model":
        path = below
    owner, name, inside = _repository(path)
    if not owner:
        return None
    return Link("huggingface", f"hf:{kind}:{owner}/{name}".casefold().rstrip("/"), inside)


def _repository(path: str) -> tuple[str, str, str]:
    """The owner and the name of a repository, and the path inside it: `tree/main` is its front page."""
    owner, _, below = path.partition("/")
    name, _, inside = below.partition("/")
    return owner, name, _FRONT_PAGE.sub("", inside)


_READERS: Final[dict[str, Callable[[_Address], Link | None]]] = {
    **dict.fromkeys(_ARXIV_HOSTS, _arxiv),
    **dict.fromkeys(("doi.org", "dx.doi.org"), _doi),
    **dict.fromkeys(_HF_HOSTS, _huggingface),
    "github.com": _github,
    **dict.fromkeys(_DOI_HOSTS, _publisher),
}
for _prefix, _hosts, _pattern in _PUBLICATIONS:
    _READERS.update(dict.fromkeys(_hosts.split(), partial(_publication, _prefix, _pattern)))
"""What reads the addresses of the hosts whose links have a key of their own; their paths are without escapes."""


def is_placeholder_host(url: str) -> bool:
    """Whether a URL is of a host that only stands for one, such as `example.com` or `localhost`."""
    match = _URL.fullmatch(url.strip())
    return match is not None and _PLACEHOLDER_HOSTS.fullmatch(match["host"]) is not None


def is_placeholder(url: str) -> bool:
    """Whether a URL stands for one that was never filled in: `https://example.com`, `github.com/your-name/…`."""
    match = _URL.fullmatch(url.strip())
    if match is None or is_placeholder_host(url):
        return True
    return _TEMPLATE_WORDS.search(match.groupdict(default="")["path"]) is not None


def resembles(first: Link, second: Link) -> bool:
    """Whether one link looks like a slip of the other: a digit, another owner, a letter more or less."""
    compare = _resembles_address
    if first.kind == second.kind:
        compare = _COMPARISONS.get(first.kind, _resembles_address)
    return compare(first.key, second.key)


def _resembles_address(key: str, other_key: str) -> bool:
    lengths = len(key), len(other_key)
    if max(lengths) - min(lengths) > max(lengths) * _LENGTH_MARGIN:
        return False
    return _ratio(key, other_key) >= _LIKE_ADDRESS


def _resembles_paper(key: str, other_key: str) -> bool:
    return _differences(key, other_key) <= _MOST_DIGITS


def _resembles_repository(key: str, other_key: str) -> bool:
    owner, name = _owner_name(key)
    other_owner, other_name = _owner_name(other_key)
    if name == other_name:
        return True
    if owner == other_owner and _ratio(name, other_name) >= _LIKE_NAME:
        return True
    return _ratio(key, other_key) >= _LIKE_REPOSITORY


_COMPARISONS: Final = {
    "arxiv": _resembles_paper, "github": _resembles_repository, "huggingface": _resembles_repository,
}  # fmt: skip


def _owner_name(key: str) -> tuple[str, str]:
    owner, _, name = key.rpartition(":")[2].partition("/")
    return owner, name


def _differences(first: str, second: str) -> int:
    """How many characters differ; one for a single character too many, many for texts of other lengths."""
    if len(first) == len(second):
        return sum(map(ne, first, second))
    shorter, longer = sorted((first, second), key=len)
    if any(longer[:index] + longer[index + 1 :] == shorter for index in range(len(longer))):
        return 1
    return len(longer)


def _ratio(first: str, second: str) -> float:
    """How alike two texts are, 0 to 1, and 0 for those that are far from alike."""
    matcher = SequenceMatcher(None, first[:_COMPARED], second[:_COMPARED], autojunk=False)
    # upper bounds, and much quicker
    if min(matcher.real_quick_ratio(), matcher.quick_ratio()) < _LIKE_NAME:
        return 0.0
    return matcher.ratio()
