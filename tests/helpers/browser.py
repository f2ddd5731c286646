"""A page in a real browser: what its elements measure there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.helpers.support import SLOW

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--virtual-time-budget=2000"]  # fmt: skip

needs_browser = pytest.mark.skipif(
    not (CHROMIUM and SLOW), reason="needs Chromium and EXPLAINER_SLOW=1"
)


def measured(page: str, width: int, expressions: str, folder: Path) -> list[str]:
    """What some expressions of JavaScript say of a page, as words; all its details are open.

    Args:
        page: the text of the page.
        width: of the page, in pixels.
        expressions: with commas between them; `d` is the document.
        folder: where files may be written.
    """
    (folder / "page.html").write_text(page, encoding="utf-8")
    # the frame gives the page its width; the script of this test, not of the page, measures it
    (folder / "frame.html").write_text(
        f"<iframe id=f src=page.html style='width:{width}px;height:900px'></iframe><pre id=out>none</pre><script>"
        "f.onload=()=>{const d=f.contentDocument;d.querySelectorAll('details').forEach(x=>x.open=true);"
        f"out.textContent=[{expressions}].join(' ')}}</script>",
        encoding="utf-8",
    )
    profile = f"--user-data-dir={folder}/profile"
    command = [str(CHROMIUM), *FLAGS, "--allow-file-access-from-files", profile, "--dump-dom"]
    done = subprocess.run(
        [*command, f"file://{folder}/frame.html"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = re.search(r"<pre id=\"out\">(\d+ \d+ \w+)<", done.stdout)
    assert found, done.stdout[-500:]
    return found[1].split()
