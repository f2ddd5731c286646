"""What is composed and drawn is read back, and the checker of answers agrees with the composer."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from explainer.build import build
from explainer.catalogs.library import Library
from explainer.catalogs.parsing import LoadedCatalog, question_from_text
from explainer.catalogs.schema import Catalog, ModelEntry
from explainer.catalogs.signature import Signature
from explainer.checking.check import check_answer
from explainer.checking.offered import CatalogLookup, offered_by_sources
from explainer.checking.workflow.mermaid import parse_flowchart
from explainer.rendering.templates import builtin_renderer
from explainer.workflows.compose import Component, compose
from explainer.workflows.graph import mermaid
from tests.helpers.support import examples
from tests.helpers.workflows import PORTS, ends, parts

TYPED = builtin_renderer("typed")


@given(parts, ends, ends)
@settings(max_examples=examples(150, 3000), deadline=None)
def test_every_drawn_flowchart_is_read_back(
    some: list[Component], inputs: tuple[str, ...] | None, outputs: tuple[str, ...] | None
) -> None:
    for workflow in compose(some, PORTS, inputs=inputs, outputs=outputs).workflows:
        chart = parse_flowchart(mermaid(workflow)).unwrap()
        steps = [" ".join(drawn.text.split()) for drawn in chart if drawn.role == "step"]
        assert steps == [" ".join(node.label.split()) or "?" for node in workflow.nodes]


_models = st.lists(
    st.tuples(st.sampled_from(["Alpha-Net", "Bravo-Net", "Carlo-Net", "Delta-Net", "Echo-Net"]), parts.filter(bool)),
    min_size=1, max_size=5, unique_by=lambda one: one[0],
)  # fmt: skip


@given(_models)
@settings(max_examples=examples(80, 1500), deadline=None)
def test_the_checker_has_nothing_to_say_about_a_composed_workflow(
    some: list[tuple[str, list[Component]]],
) -> None:
    models = tuple(
        ModelEntry(
            name=name,
            signature=str(one[0].signature),
            github=f"https://github.com/lab/{name.lower()}",
        )
        for name, one in some
    )
    assert all(isinstance(PORTS.parse(model.signature or ""), Signature) for model in models)
    library = Library([LoadedCatalog("c.yaml", Catalog(models=models))])
    loaded = question_from_text("How?").unwrap()
    question = replace(loaded.question, models=models, papers=())
    built = build(type(loaded)("q", question, loaded.document), library, TYPED).unwrap()
    offered = offered_by_sources(built.sources, "How?", CatalogLookup(library))
    assert [(one.code, one.message) for one in check_answer(built.text, offered).findings] == []
