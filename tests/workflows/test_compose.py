from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer.workflows.compose import Component, Composition, compose
from explainer.workflows.graph import Edge, End, Step, WorkflowGraph
from explainer.workflows.search import levels
from tests.helpers.support import examples
from tests.helpers.workflow_oracle import ProblemKind, check_types
from tests.helpers.workflows import PORTS, edge_lines, ends, part, parts


def composed(
    *texts: str, inputs: str | None = None, outputs: str | None = None, **options: int
) -> Composition:
    given, wanted = (None if one is None else tuple(one.split()) for one in (inputs, outputs))
    return compose([part(text) for text in texts], PORTS, inputs=given, outputs=wanted, **options)


def orders(composition: Composition) -> list[str]:
    return [" ".join(step.label for step in workflow.steps) for workflow in composition.workflows]


def test_models_form_a_chain() -> None:
    found = composed("see Img2Txt", "say Txt2Snd", inputs="Img", outputs="Snd")
    assert edge_lines(found.workflows[0]) == {
        "input --Img--> see",
        "see --Txt--> say",
        "say --Snd--> output",
    }


def test_data_branches_and_merges() -> None:
    found = composed("cut Img2Msk", "fill ImgMsk2Img", inputs="Img", outputs="Img")
    assert edge_lines(found.workflows[0]) == {
        "input --Img--> cut", "input --Img--> fill", "cut --Msk--> fill", "fill --Img--> output",
    }  # fmt: skip


def test_a_step_takes_the_newest_but_not_a_copy_for_people_to_look_at() -> None:
    found = composed(
        "clean Img2Img", "detect Img2ImgTxt", "measure Img2Depth", inputs="Img", outputs="Txt Depth"
    )
    assert "clean --Img--> measure" in edge_lines(found.workflows[0])


def test_what_is_wanted_is_made_and_never_handed_through() -> None:
    assert composed("see Img2Txt", inputs="Img Txt", outputs="Img").missing == ("Img",)


def test_a_model_that_takes_two_of_a_kind_gets_two() -> None:
    assert composed("stereo ImgImg2Depth", inputs="Img", outputs="Depth").workflows == ()
    found = composed("stereo ImgImg2Depth", inputs="Img Img", outputs="Depth").workflows[0]
    assert [(edge.source, edge.target) for edge in found.edges] == [
        ("in1", "s1"),
        ("in2", "s1"),
        ("s1", "out1"),
    ]


def test_two_of_a_kind_may_be_wanted() -> None:
    found = composed(
        "paint Txt2Img a", "draw Txt2Img b", inputs="Txt", outputs="Img Img"
    ).workflows[0]
    assert edge_lines(found) == {
        "input --Txt--> paint", "input --Txt--> draw", "paint --Img--> output", "draw --Img--> output",
    }  # fmt: skip


# --- the order ---


def test_what_uses_all_that_is_in_hand_comes_first() -> None:
    found = composed(
        "guess Img2Txt", "answer ImgTxt2Txt", inputs="Img Txt", outputs="Txt", max_models=1
    )
    assert orders(found)[0] == "answer"


def test_of_few_models_those_workflows_come_first_that_use_more() -> None:
    assert orders(composed("a Img2Img 1", "b Img2Img 2", inputs="Img", outputs="Img")) == [
        "a b",
        "b a",
        "a",
    ]


def test_of_many_models_those_workflows_come_first_that_use_fewer() -> None:
    found = composed(*(f"m{n} Img2Img {n}" for n in range(9)), inputs="Img", outputs="Img")
    assert orders(found) == ["m0", "m1", "m2"]


def test_models_of_one_task_and_signature_stand_for_each_other() -> None:
    found = composed(
        "x2 Img2Img upscale", "x4 Img2Img upscale", "see Img2Txt tag", inputs="Img", outputs="Txt"
    )
    assert orders(found) == ["x2 see", "see"]
    assert found.alternatives == ((0, (1,)),)


def test_models_of_unknown_task_stand_for_nobody() -> None:
    assert orders(composed("a Img2Img", "b Img2Img", inputs="Img", outputs="Img"))[0] == "a b"


# --- what a question leaves out ---


@pytest.mark.parametrize(
    ("texts", "inputs", "outputs"),
    [
        (["Txt2Img"], ("Txt",), ("Img",)),
        (["Img2Img"], ("Img",), ("Img",)),
        (["Img2ImgTxt"], ("Img",), ("Img", "Txt")),
        (["Img2Txt", "Txt2Snd"], ("Img",), ("Snd",)),
        (["Txt2Snd", "Img2Txt"], ("Img",), ("Snd",)),
        (["ImgMsk2Img", "Img2Msk"], ("Img",), ("Img",)),
        (["Txt2Img", "Img2Txt"], ("Txt",), ("Txt",)),
        (["Img2Txt", "Img2Depth"], ("Img",), ("Txt", "Depth")),
        (["ImgSnd2Vid", "Txt2Snd"], ("Img", "Txt"), ("Vid",)),
    ],
)
def test_what_is_in_hand_and_wanted_is_read_from_the_signatures(
    texts: list[str], inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> None:
    found = composed(*texts)
    assert (found.inputs, found.outputs) == (inputs, outputs)
    assert len(found.workflows[0].steps) == len(texts)


# --- what cannot be joined ---


@pytest.mark.parametrize(
    ("texts", "inputs", "outputs", "missing"),
    [
        (["MskTxt2Img"], "Txt", "Img", ("Msk",)),
        (["Txt2Img"], "Img", "Img", ("Txt",)),
        (["Txt2Img"], "Txt", "Vid", ("Vid",)),
        (["MskTxt2Img", "Depth2Msk"], "Txt", "Img", ("Depth",)),
        (["Vid2Snd", "Snd2Vid"], "Img", "Snd", ("Vid",)),
    ],
)
def test_what_stands_in_the_way_is_named(
    texts: list[str], inputs: str, outputs: str, missing: tuple[str, ...]
) -> None:
    found = composed(*texts, inputs=inputs, outputs=outputs)
    assert (found.workflows, found.missing) == ((), missing)


def test_a_model_that_cannot_take_part_is_named_with_what_it_lacks() -> None:
    found = composed(
        "see Img2Txt",
        "fill ImgMsk2Img",
        "hear Snd2Txt",
        "measure Img2Depth",
        inputs="Img",
        outputs="Txt",
    )
    assert found.useless == ((1, ("Msk",)), (2, ("Snd",)), (3, ()))


def test_too_many_steps_are_counted() -> None:
    chain = [
        f"a{n} {a}2{b}" for n, (a, b) in enumerate([("Img", "Txt"), ("Txt", "Snd"), ("Snd", "Vid")])
    ]
    found = composed(*chain, inputs="Img", outputs="Vid", max_models=2)
    assert (found.workflows, found.fewest) == ((), 3)


def test_no_models_form_no_workflow() -> None:
    assert compose([], PORTS) == Composition((), ())


# --- properties ---


@given(parts, ends, ends)
@settings(max_examples=examples(150, 3000), deadline=None)
def test_every_composed_workflow_type_checks(
    some: list[Component], inputs: tuple[str, ...] | None, outputs: tuple[str, ...] | None
) -> None:
    found = compose(some, PORTS, inputs=inputs, outputs=outputs, limit=20)
    assert len(set(zip(found.workflows, found.uses, strict=True))) == len(found.workflows)
    for workflow, uses in zip(found.workflows, found.uses, strict=True):
        assert check_types(workflow) == ()
        assert len(workflow.steps) <= 6
        assert [some[place].name for place in uses] == [step.label for step in workflow.steps]
        assert tuple(end.port for end in workflow.outputs) == found.outputs
        position = {key: at for at, key in enumerate(node.key for node in workflow.nodes)}
        assert all(position[edge.source] < position[edge.target] for edge in workflow.edges)


@given(parts, ends, ends)
@settings(max_examples=examples(150, 3000), deadline=None)
def test_composing_again_gives_the_same(
    some: list[Component], inputs: tuple[str, ...] | None, outputs: tuple[str, ...] | None
) -> None:
    assert compose(some, PORTS, inputs=inputs, outputs=outputs) == compose(
        some, PORTS, inputs=inputs, outputs=outputs
    )


@given(parts, st.lists(st.sampled_from(["Img", "Txt", "Snd"]), min_size=1, max_size=2, unique=True))
@settings(max_examples=examples(150, 3000), deadline=None)
def test_a_workflow_is_found_whenever_what_is_wanted_can_be_made(
    some: list[Component], inputs: list[str]
) -> None:
    once = [one for one in some if len(set(one.signature.inputs)) == len(one.signature.inputs)]
    for wanted in levels([one.signature for one in once], inputs):
        found = compose(once, PORTS, inputs=inputs, outputs=[wanted], max_models=7)
        assert found.workflows, (once, wanted)


# --- the checks ---


def _workflow(*edges: str, ins: str = "", steps: str = "", outs: str = "") -> WorkflowGraph:
    made = [Edge(*line.split()) for line in edges]
    return WorkflowGraph(
        tuple(End(one, one.title(), one) for one in ins.split()),
        tuple(
            Step(key, key, part(text).signature)
            for key, _, text in (one.partition(":") for one in steps.split())
        ),
        tuple(End(one, one.title().rstrip("_"), one) for one in outs.split()),
        tuple(made),
    )


@pytest.mark.parametrize(
    ("workflow", "problems"),
    [
        (_workflow("img a Img", "a txt_ Txt", ins="img", steps="a:Img2Txt", outs="txt_"), []),
        (_workflow("img a", "a txt_", ins="img", steps="a:Img2Txt", outs="txt_"), []),
        (_workflow("img a Img", ins="img", steps="a:Img2Txt"), [(ProblemKind.UNUSED, "a")]),
        (
            _workflow("img a Img", "a snd_ Snd", ins="img", steps="a:Txt2Snd", outs="snd_"),
            [(ProblemKind.MISFIT, "a"), (ProblemKind.UNFED, "a")],
        ),
        (
            _workflow("img a Img", "a img_ Img", ins="img", steps="a:ImgMsk2Img", outs="img_"),
            [(ProblemKind.UNFED, "a")],
        ),
        (_workflow("a b Img", "b a Img", steps="a:Img2Img b:Img2Img"), [(ProblemKind.CYCLE, "a")]),
        (
            _workflow(ins="img", outs="txt_"),
            [(ProblemKind.IDLE, "img"), (ProblemKind.UNMADE, "txt_")],
        ),
        (_workflow("img nowhere Img", ins="img"), [(ProblemKind.LOOSE, "nowhere")]),
        (
            _workflow(ins="img img"),
            [(ProblemKind.REPEATED, "img"), (ProblemKind.IDLE, "img"), (ProblemKind.IDLE, "img")],
        ),
        (
            _workflow("img a Img", "a txt_ Txt", ins="img", steps="a:ImgImg2Txt", outs="txt_"),
            [(ProblemKind.UNFED, "a")],
        ),
    ],
)
def test_each_problem_of_a_workflow_is_named(
    workflow: WorkflowGraph, problems: list[tuple[ProblemKind, str]]
) -> None:
    found = [(problem.kind, problem.key) for problem in check_types(workflow)]
    if problems and problems[0][0] is ProblemKind.CYCLE:
        assert found[0][0] is ProblemKind.CYCLE
    else:
        assert found == problems


def test_an_untyped_step_takes_and_gives_anything() -> None:
    steps = (Step("a", "by hand"), Step("b", "fill", part("ImgMsk2Img").signature))
    edges = (Edge("i", "a"), Edge("a", "b"), Edge("i", "b"), Edge("b", "o"))
    assert (
        check_types(WorkflowGraph((End("i", "Img", "i"),), steps, (End("o", "Img", "o"),), edges))
        == ()
    )
