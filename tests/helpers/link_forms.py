"""The forms in which a page can lead to one URL: ways to write the URL, and markup that opens it.

`python -m tests.helpers.link_forms` writes `tests/data/link_forms.jsonl` anew. Each form is made twice: with a URL that
was not offered, which must be found, and with one that was, which must be left alone. With Chromium on the machine,
`--browser` first asks it which forms it opens, so that the data hold no form that nobody can click.
"""

from __future__ import annotations

import html
import json
import random
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, compress, product
from pathlib import Path
from typing import Final, NamedTuple

from markdown_it import MarkdownIt

from explainer.catalogs.links import identify

DATA: Final = Path(__file__).resolve().parents[1] / "data" / "link_forms.jsonl"
OFFERED: Final = (
    "https://arxiv.org/abs/2401.10000",
    "https://github.com/acme/foo",
    "https://project.acme-lab.science/foo/page",
)
FOREIGN: Final = (
    "https://arxiv.org/abs/1706.03762",
    "https://github.com/other/repo",
    "https://elsewhere.museum/some/page",
)
_SEED: Final = 14
_OF_EACH: Final = (
    16  # forms that the data hold of each encoding and of each piece of markup, at least
)


class Form(NamedTuple):
    """One way to lead to a URL: how the URL is written, the markup around it, and the text with either URL."""

    encoding: str
    shell: str
    foreign: str
    offered: str


Encoding = Callable[[str], str]


def _parts(url: str) -> tuple[str, str, str]:
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    return scheme, host, path


def _host(change: Callable[[str], str]) -> Encoding:
    def encode(url: str) -> str:
        scheme, host, path = _parts(url)
        return f"{scheme}://{change(host)}/{path}"

    return encode


def _path(change: Callable[[str], str]) -> Encoding:
    def encode(url: str) -> str:
        scheme, host, path = _parts(url)
        return f"{scheme}://{host}/{change(path)}"

    return encode


def _start(text: str) -> Encoding:
    return lambda url: text + url.partition("://")[2]


def _swap(old: str, new: str, times: int = -1) -> Encoding:
    return lambda url: url.replace(old, new, times)


def _each(form: str, where: Callable[[int, str], bool] = lambda number, char: True) -> Encoding:
    return lambda url: "".join(
        form.format(ord(char)) if where(number, char) else char for number, char in enumerate(url)
    )


def _full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if char.isalnum() else char for char in text)


def _percent(text: str, at: int = 0) -> str:
    return f"{text[:at]}%{ord(text[at]):02x}{text[at + 1 :]}"


# what any destination may be, in Markdown and in HTML
ANYWHERE: Final[dict[str, Encoding]] = {
    "plain": lambda url: url,
    "http": _swap("https:", "http:"),
    "capital scheme": _swap("https", "HTTPS"),
    "mixed scheme": _swap("https", "hTTpS"),
    "decimal colon": _swap(":", "&#58;", 1),
    "hexadecimal colon": _swap(":", "&#x3A;", 1),
    "capital X": _swap(":", "&#X3a;", 1),
    "zeros before": _swap(":", "&#0000058;", 1),
    "named colon": _swap(":", "&colon;", 1),
    "named slashes": _swap("/", "&sol;"),
    "named stops": _swap(".", "&period;"),
    "decimal slashes": _swap("//", "&#47;&#47;"),
    "first letter": _swap("h", "&#104;", 1),
    "letter of the host": _host(lambda host: f"&#{ord(host[0])};{host[1:]}"),
    "all decimal": _each("&#{};"),
    "all hexadecimal": _each("&#x{:x};"),
    "every second": _each("&#{};", lambda number, char: number % 2 == 0),
    "tab by name": _swap("tt", "t&Tab;t"),
    "line break by name": _swap("//", "/&NewLine;/"),
    "tab in the host": _host(lambda host: f"{host[:2]}&#9;{host[2:]}"),
    "line break in the path": _path(lambda path: f"{path[:2]}&#10;{path[2:]}"),
    "space before by reference": lambda url: f"&#32;{url}",
    "control before": lambda url: f"&#1;{url}",
    "space behind": lambda url: f"{url}&#32;",
    "one slash": _start("https:/"),
    "no slash": _start("https:"),
    "three slashes": _start("https:///"),
    "five slashes": _start("https://///"),
    "scheme of the page": _start("//"),
    "scheme of the page, three slashes": _start("///"),
    "scheme of the page by reference": _start("&#47;&sol;"),
    "backslashes by reference": _start("https:&#92;&bsol;"),
    "scheme of the page, backslashes by reference": _start("&#92;&#92;"),
    "slash and backslash": _start("https:/&#92;"),
    "backslashes in the path": _path(_swap("/", "&#92;")),
    "user": _start("https://user@"),
    "user and password": _start("https://user:secret@"),
    "user that looks like a host": _start("https://www.nature.com@"),
    "port": _host(lambda host: f"{host}:443"),
    "empty port": _host(lambda host: f"{host}:"),
    "capital host": _host(str.upper),
    "host in full width": _host(_full_width),
    "ideographic stop": _host(_swap(".", "\u3002")),
    "percent in the host": _host(_percent),
    "soft hyphen in the host": _host(lambda host: f"{host[:3]}&shy;{host[3:]}"),
    "zero width in the host": _host(lambda host: f"{host[:3]}&#8203;{host[3:]}"),
    "double-struck host": _host(lambda host: host.replace("o", "\U0001d560")),
    "stop behind the host": _host(lambda host: f"{host}."),
    "www": _host(lambda host: f"www.{host}"),
    "dot segment": _path(lambda path: f"./{path}"),
    "parent": _path(lambda path: f"x/../{path}"),
    "parents": _path(lambda path: f"acme/foo/../../{path}"),
    "parent in percent": _path(lambda path: f"acme/%2e%2E/{path}"),
    "parent half in percent": _path(lambda path: f"acme/.%2e/{path}"),
    "parent by reference": _path(lambda path: f"acme/&period;&#46;/{path}"),
    "percent in the path": _path(lambda path: _percent(path, 1)),
    "fragment": lambda url: f"{url}#part",
    "query": lambda url: f"{url}?utm_source=chat",
    "slash behind": lambda url: f"{url}/",
}
# what Markdown alone reads
IN_MARKDOWN: Final[dict[str, Encoding]] = {
    "escaped colon": _swap(":", "\\:", 1),
    "escaped slashes": _swap("/", "\\/"),
    "escaped stops": _swap(".", "\\."),
    "escaped hyphens": _swap("-", "\\-"),
    "backslashes, escaped": _start("https:\\\\\\\\"),
    "scheme of the page, escaped backslashes": _start("\\\\\\\\"),
}
# what HTML alone reads
IN_HTML: Final[dict[str, Encoding]] = {
    "reference without an end": _swap("://", "&#58//"),
    "hexadecimal without an end": _swap("://", "&#x3a//"),
    "backslashes": _start("https:\\\\"),
    "scheme of the page, backslashes": _start("\\\\"),
    "slash, backslash": _start("https:/\\"),
    "backslash in the path": _path(_swap("/", "\\")),
}
# what stands only between quotes
IN_QUOTES: Final[dict[str, Encoding]] = {
    "tab": _swap("tt", "t\tt"),
    "line break": _swap("://", ":\n//"),
    "line break in the host": _host(lambda host: f"{host[:2]}\n{host[2:]}"),
    "space before": lambda url: f"  {url}",
    "line break before": lambda url: f"\n{url} ",
    "control before, raw": lambda url: f"\x01\x1f {url}",
}
MARKDOWN: Final[dict[str, str]] = {
    "link": "[a paper]({})",
    "link with a title": '[a paper]({} "with a title")',
    "link in angles": "[a paper](<{}>)",
    "link over lines": "[a paper](\n{}\n'title')",
    "link in bold": "**[a paper]({})**",
    "link in a heading": "#### [a paper]({})",
    "link in a quotation": "> > [a paper]({})",
    "link in a list": "1. - [a paper]({})",
    "link in a table": "| a | b |\n|---|---|\n| x | [a paper]({}) |",
    "link around code": "[`a paper`]({})",
    "link around nothing": "[]({})",
    "image": "![a picture]({})",
    "image in a link": "[![a picture]({})](https://github.com/acme/foo)",
    "link around an image": "[![a picture](https://github.com/acme/foo)]({})",
    "reference": "[a paper][r]\n\n[r]: {}",
    "reference in angles": "[a paper][R]\n\n[r]: <{}> 'title'",
    "collapsed reference": "[a paper][]\n\n[A  Paper]: {}",
    "shortcut reference": "[a paper]\n\n[a paper]:\n   {}",
    "reference in a quotation": "[a paper][r]\n\n> [r]: {}",
}
HTML: Final[dict[str, str]] = {
    "a": 'see <a href="{}">a paper</a>',
    "a in single quotes": "see <a href='{}'>a paper</a>",
    "A": 'see <A HREF = "{}" >a paper</A>',
    "a/": '<p><a/href="{}">a paper</a></p>',
    "a behind attributes": 'see <a title="x>y" class=\'z\' href="{}">a paper</a>',
    "a over lines": '<p><a\n  href\n  =\n  "{}">a paper</a></p>',
    "a in a block": '<div>\n<a href="{}">a paper</a>\n</div>',
    "a in a quotation": '> <p><a\n> href="{}">a paper</a></p>',
    "a in a table": '<table><tr><td><a href="{}">a paper</a></td></tr></table>',
    "a with tags": 'see <a href="{}"><b>a</b> <i>paper</i></a>',
    "a twice": 'see <a href="{}" href="https://github.com/acme/foo">a paper</a>',
    "a behind a comment": '<!--> <a href="{}">a paper</a> -->',
    "a behind a broken comment": '<!-- x --!> <a href="{}">a paper</a> -->',
    "a behind a style": '<svg><style><a href="{}">a paper</a></style></svg>',
    "a never closed": '<p><a href="{}">a paper',
    "area": '<map name="m"><area shape="rect" coords="0,0,9,9" href="{}"></map>',
    "image": '<img alt="a picture" src="{}">',
    "image set": '<img alt="a picture" srcset="{} 2x">',
    "second of a set": '<img alt="a picture" srcset="https://github.com/acme/foo 1x, {} 2x">',
    "picture": '<picture><source srcset="{}"><img alt=""></picture>',
    "frame": '<iframe src="{}"></iframe>',
    "embed": '<embed src="{}">',
    "object": '<object data="{}"></object>',
    "form": '<form action="{}"><button>a paper</button></form>',
    "button": '<form><button formaction="{}">a paper</button></form>',
    "input": '<form><input type="submit" formaction="{}"></form>',
    "video": '<video src="{}" controls></video>',
    "poster": '<video poster="{}" controls></video>',
    "audio": '<audio src="{}" controls></audio>',
    "drawing": '<svg width="9" height="9"><a href="{}"><text y="9">a paper</text></a></svg>',
    "old drawing": '<svg width="9" height="9"><a xlink:href="{}"><text y="9">a paper</text></a></svg>',
    "image of a drawing": '<svg><image href="{}"/></svg>',
    "shadow": '<div><template shadowrootmode="open"><a href="{}">a paper</a></template></div>',
    "details": '<details><summary>More</summary>\n\n<a href="{}">a paper</a>\n\n</details>',
    "base": '<base href="{}"><a href="">a paper</a>',
    "refresh": '<meta http-equiv="refresh" content="5; url={}">',
    "ping": 'see <a ping="{}" href="https://github.com/acme/foo">a paper</a>',
}
UNQUOTED: Final[dict[str, str]] = {
    "a without quotes": "see <a href={} >a paper</a>",
    "image without quotes": "<img alt=x src={} >",
    "a/ without quotes": "<p><a/title='x'/href={}\n>a paper</a>",
    "frame in a frame": "<iframe srcdoc='<a href={} >a paper</a>'></iframe>",
}
# what is no markup, but is made a link by viewers, or is read as one
TEXT: Final[dict[str, str]] = {
    "bare": "see {} for more",
    "in angles": "see <{}> for more",
    "in brackets": "see ({}).",
    "in bold": "see **{}**, which",
    "in lenticular brackets": "see 【{}】",
    "in code": "see `{}` for more",
    "in a fence": "```text\n{}\n```",
    "in a comment": "<!-- {} -->",
    "in a thought": "<think>see {} for more",
    "in a mark": "[oaicite:{}]",
    "in TeX": "\\url{{{}}}",
    "in a tooltip": '[a paper](https://github.com/acme/foo "{}")',
    "as a label": "[{}](https://github.com/acme/foo)",
}
AS_TEXT: Final = (
    "plain",
    "http",
    "capital scheme",
    "user",
    "port",
    "capital host",
    "parent",
    "www",
    "fragment",
    "query",
)
WITHOUT_SCHEME: Final[dict[str, Encoding]] = {
    "www without a scheme": _start("www."),
    "www, capital": _start("WWW."),
}
# a space ends a URL there, and a comma begins the next one
_BLUNT: Final = frozenset({"ping", "image set", "second of a set", "picture"})


def forms() -> Iterator[Form]:
    """Yield every form once, with one of the URLs each."""
    rng = random.Random(_SEED)
    combinations = chain(
        product({**ANYWHERE, **IN_MARKDOWN}.items(), MARKDOWN.items()),
        product({**ANYWHERE, **IN_HTML, **IN_QUOTES}.items(), HTML.items()),
        product({**ANYWHERE, **IN_HTML}.items(), UNQUOTED.items()),
        product(((name, ANYWHERE[name]) for name in AS_TEXT), TEXT.items()),
        product(WITHOUT_SCHEME.items(), TEXT.items()),
    )
    for (encoding, encode), (shell, markup) in combinations:
        at = rng.randrange(len(FOREIGN))
        foreign, offered = encode(FOREIGN[at]), encode(OFFERED[at])
        if shell in _BLUNT and len(html.unescape(foreign).split()) > 1:
            continue
        yield Form(encoding, shell, markup.format(foreign), markup.format(offered))


# every URL that a page opens or loads, resolved as Chromium does
_COLLECT: Final = r"""
const names = ["href", "src", "action", "formAction", "data", "poster"];
const results = CASES.map(text => {
  const page = new DOMParser().parseFromString(text.replace(/<template[^>]*>|<\/template>/g, ""), "text/html");
  const found = [];
  const walk = root => {
    for (const element of root.querySelectorAll("*")) {
      for (const name of names) {
        const value = element[name];
        if (!value) continue;
        try { found.push(new URL(value.baseVal ?? value, root.baseURI).href); } catch (error) {}
      }
      for (const candidate of (element.getAttribute("srcset") ?? "").split(",")) {
        const url = candidate.trim().split(/\s+/)[0];
        try { if (url) found.push(new URL(url, root.baseURI).href); } catch (error) {}
      }
      for (const url of (element.getAttribute("ping") ?? "").split(/\s+/)) {
        try { if (url) found.push(new URL(url, root.baseURI).href); } catch (error) {}
      }
      const refresh = /url=(.*)/is.exec(element.getAttribute("content") ?? "");
      try { if (refresh) found.push(new URL(refresh[1], root.baseURI).href); } catch (error) {}
      const inner = element.getAttribute("srcdoc");
      if (inner) walk(new DOMParser().parseFromString(inner, "text/html"));
    }
  };
  walk(page);
  return found;
});
document.body.textContent = "";
const output = document.createElement("pre");
output.textContent = JSON.stringify(results);
document.body.append(output);
"""


def opened_by_browser(texts: list[str]) -> list[list[str]]:
    """Return the URLs that Chromium opens or loads for each text, which is rendered from Markdown first."""
    markdown = MarkdownIt("commonmark").enable("table")
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]  # viewers differ in what they refuse
    markdown.normalizeLink = lambda url: url  # type: ignore[method-assign]
    pages = json.dumps([markdown.render(text) for text in texts]).replace("<", "\\u003c")
    page = f"<!doctype html><meta charset=utf-8><body><script>const CASES = {pages};{_COLLECT}</script>"
    with tempfile.TemporaryDirectory() as folder, _served(page) as address:
        command = [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--dump-dom",
            f"--user-data-dir={folder}",
        ]
        done = subprocess.run(
            [*command, address], capture_output=True, text=True, timeout=120, check=True
        )
    shown = done.stdout.partition("<pre>")[2].partition("</pre>")[0]
    return [list(map(str, found)) for found in json.loads(html.unescape(shown))]


@contextmanager
def _served(page: str) -> Iterator[str]:
    """The address of a page on this machine: the scheme of a page decides where `//host` leads."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def clickable(candidates: Sequence[Form]) -> list[Form]:
    """Return the forms that lead to their URL in Chromium, and those that are text alone."""
    marked = [form for form in candidates if form.shell not in TEXT]
    targets = {identify(url) for url in FOREIGN}
    opened = [
        not targets.isdisjoint(map(identify, urls))
        for urls in opened_by_browser([f.foreign for f in marked])
    ]
    kept = set(compress(marked, opened))
    return [form for form in candidates if form.shell in TEXT or form in kept]


def main() -> None:
    """Write the data: every encoding and every piece of markup, but not every combination of them."""
    candidates = list(forms())
    if "--browser" in sys.argv:
        candidates = clickable(candidates)
    rng = random.Random(_SEED)
    rng.shuffle(candidates)
    seen: Counter[str] = Counter()
    lines = []
    for form in candidates:
        if seen[form.encoding] < _OF_EACH or seen[form.shell] < _OF_EACH:
            seen.update((form.encoding, form.shell))
            lines.append(json.dumps(form, ensure_ascii=False))
    DATA.write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
