from __future__ import annotations

from explainer.diagnostics.finding import NOWHERE, ExplainerError, Finding, Location
from explainer.diagnostics.report import report

ABOUT_NO_FILE = Finding(
    "Q401", NOWHERE, "no model and no paper is called 'NIX'", "did you mean 'NIXE'?"
)


def test_a_finding_about_no_file_carries_no_path() -> None:
    assert (
        report([ABOUT_NO_FILE], "text")
        == "Q401 no model and no paper is called 'NIX'\n    did you mean 'NIXE'?\n"
    )
    assert report([ABOUT_NO_FILE], "github").startswith("::error title=Q401::no model")
    assert str(ExplainerError([ABOUT_NO_FILE])) == "Q401 no model and no paper is called 'NIX'"


def test_a_finding_in_a_file_has_line_and_column() -> None:
    finding = Finding("Y111", Location("a.yaml", 2, 3), "the invisible character")
    assert report([finding], "text") == "a.yaml:2:3: Y111 warning: the invisible character\n"
    assert report([finding], "github").startswith("::warning file=a.yaml,line=2,col=3,title=Y111::")
