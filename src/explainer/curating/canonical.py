"""Links as they should stand in a catalog: in the field where they belong, without what the browser left at the end."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

__all__ = ["arxiv_link", "belongs_to", "canonical"]

_CODE_HOSTS: Final = frozenset({"github.com", "gitlab.com", "bitbucket.org"})
_MODEL_HOSTS: Final = frozenset({"huggingface.co", "hf.co"})
_PAPER_HOSTS: Final = frozenset({
    "aclanthology.org", "arxiv.org", "dl.acm.org", "doi.org", "ieeexplore.ieee.org", "openaccess.thecvf.com",
    "openreview.net", "papers.nips.cc", "proceedings.mlr.press", "proceedings.neurips.cc",
})  # fmt: skip

_DEFAULT_VIEW: Final = re.compile(r"/(?:tree/(?:main|master)|blob/(?:main|master)/readme\.md)/?", re.IGNORECASE)
_REPOSITORY: Final = re.compile(r"(/[^/]+/[^/]+)(/.*)?")
_TRACKING: Final = re.compile(r"utm_\w+=[^&]*&?")
_NEW_ID: Final = re.compile(r"(?:arxiv:\s*)?(\d{4}\.\d{4,5}(?:v\d+)?)", re.IGNORECASE)
_OLD_ID: Final = re.compile(r"(?:arxiv:\s*)?([a-z-]+(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?)", re.IGNORECASE)


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").removeprefix("www.").removeprefix("export.")


def belongs_to(url: str) -> str | None:
    """Return the field where a link belongs by its host: `paper`, `github`, `huggingface`; None where it may be any."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = _host(parts)
    if host in _PAPER_HOSTS:
        return "paper"
    if host in _MODEL_HOSTS:
        return "paper" if parts.path.startswith("/papers/") else "huggingface"
    if host in _CODE_HOSTS:
        return None if parts.path.lower().endswith(".pdf") else "github"
    return None


def canonical(url: str) -> str:
    """Return a link to GitHub, Hugging Face or arXiv in its short spelling; any other without tracking marks.

    `https://github.com/a/b.git?tab=readme-ov-file#usage` becomes `https://github.com/a/b`. For arXiv the spellings
    `abs`, `pdf` and the version stay: each is a link of its own.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    host = _host(parts)
    if host == "arxiv.org":
        return url if _is_plain(parts, "arxiv.org") else f"{parts.scheme.lower()}://arxiv.org{parts.path}"
    if host == "github.com":
        return f"https://github.com{_repository_path(parts.path)}"
    if host in _MODEL_HOSTS:
        return f"https://huggingface.co{_repository_path(parts.path)}"
    if "utm_" in parts.query:
        query = _TRACKING.sub("", parts.query).rstrip("&")
        return parts._replace(query=query).geturl()
    return url


def _is_plain(parts: SplitResult, host: str) -> bool:
    return parts.netloc == host and not parts.query and not parts.fragment


def _repository_path(path: str) -> str:
    """The path of a repository or of a place in it, without what shows the same page."""
    found = _REPOSITORY.fullmatch(path.rstrip("/"))
    if found is None:
        return path.rstrip("/")
    name, rest = found[1].removesuffix(".git"), found[2] or ""
    return name if _DEFAULT_VIEW.fullmatch(rest) else name + rest


def arxiv_link(text: str) -> str | None:
    """Return the link that an arXiv id means (arXiv, "Understanding the arXiv identifier"); None for anything else.

    `2401.10000`, `arXiv:2401.10000v2` and `hep-th/9901001` are ids. An id of 2015 or later has five digits behind the
    point, one before that four: `2401.1000` is none, it has lost a zero.
    """
    stripped = text.strip()
    if found := _NEW_ID.fullmatch(stripped):
        digits = found[1].partition("v")[0]
        month, number = digits.split(".")
        wanted = 5 if month >= "1501" else 4
        return f"https://arxiv.org/abs/{found[1]}" if len(number) == wanted else None
    found = _OLD_ID.fullmatch(stripped)
    return f"https://arxiv.org/abs/{found[1]}" if found else None
