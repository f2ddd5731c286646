"""What can be made of what: which ports come within reach, in how many steps, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from explainer.signature import Signature
from explainer.workflows.workbench import Workbench

__all__ = ["levels", "missing_ports", "read_inputs", "read_outputs"]


def levels(signatures: Sequence[Signature], in_hand: Iterable[str]) -> Mapping[str, int]:
    """Return for each port that steps can make, how many steps in a row it takes at least.

    This is the first bound of planning graphs (Blum and Furst, "Fast planning through planning graph analysis", 1997):
    it never says more than the truth.
    """
    have = set(in_hand)
    made: dict[str, int] = {}
    waiting = [(frozenset(one.inputs), one.outputs) for one in dict.fromkeys(signatures)]
    level = 0
    while True:
        level += 1
        ready = [outputs for inputs, outputs in waiting if inputs <= have]
        if not ready:
            return made
        waiting = [(inputs, outputs) for inputs, outputs in waiting if not inputs <= have]
        for outputs in ready:
            for port in outputs:
                made.setdefault(port, level)
        have |= made.keys()


def missing_ports(signatures: Sequence[Signature], in_hand: Iterable[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """Return the ports that stand in the way: they are needed for what is wanted, and nothing makes them.

    Returns:
        Nothing when all that is wanted can be made.
    """
    have = set(in_hand)
    made = levels(signatures, have)
    signatures = list(dict.fromkeys(signatures))
    todo = [port for port in wanted if port not in made]
    seen = set(todo)
    roots: list[str] = []
    while todo:
        port = todo.pop(0)
        ways = [[need for need in one.inputs if need not in have and need not in made]
                for one in signatures if port in one.outputs]  # fmt: skip
        ways = [way for way in ways if not seen.intersection(way)]
        if not ways:
            roots.append(port)
            continue
        for need in min(ways, key=len):
            if need not in seen:
                seen.add(need)
                todo.append(need)
    return tuple(roots)


def read_inputs(signatures: Sequence[Signature]) -> tuple[str, ...]:
    """Read from the signatures of some models what must be in hand, so that each of them can work.

    That is what a model takes and no other gives; and where models wait for each other, what the one that lacks least
    takes, of several such the one that is named first.
    """
    in_hand: list[str] = []
    for at, one in enumerate(signatures):
        others = {port for number, other in enumerate(signatures) if number != at for port in other.outputs}
        in_hand += [port for port in one.inputs if port not in others and port not in in_hand]
    while True:
        have = {*in_hand, *levels(signatures, in_hand)}
        lacking = [[port for port in one.inputs if port not in have] for one in signatures]
        stuck = [lack for lack in lacking if lack]
        if not stuck:
            return tuple(in_hand)
        least = min(stuck, key=len)
        in_hand += dict.fromkeys(least)


def read_outputs(signatures: Sequence[Signature], in_hand: Sequence[str]) -> tuple[str, ...]:
    """Read from the signatures of some models what comes out: what they give and no other of them takes.

    Each model works as soon as it has what it takes; of several that could, the one that is named first.
    """
    bench = Workbench(in_hand)
    waiting = list(range(len(signatures)))
    used: set[int] = set()
    done: list[int] = []
    while waiting:
        ready = ((at, bench.wires(signatures[at])) for at in waiting)
        at, wires = next(((at, wires) for at, wires in ready if wires is not None), (-1, None))
        if wires is None:
            break
        used.update(giver for _, giver in wires)
        bench.put(at, signatures[at])
        waiting.remove(at)
        done.append(at)
    return tuple(port for at in done if at not in used for port in signatures[at].outputs)
