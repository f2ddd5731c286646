"""What lies on the workbench while a workflow is put together: who gave which data, the newest on top.

What can be made of what: which ports come within reach, in how many steps, and what stands in the way.

Looks for the orders of models in which each can take what came before: a bounded, deterministic search.

An order of models is a workflow already: each takes the newest data of each kind (`bench`). So the search walks along
orders, and leaves one as soon as it cannot lead anywhere: what is wanted is more steps away than there are left, or
somebody made something that nobody will take any more. Finding the fewest models is NP-hard (it is the minimum
hyperpath problem: Ausiello, Franciosa and Frigioni, "Directed hypergraphs", 2001), so the work is bounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from explainer.catalogs.signature import Signature

Wires: TypeAlias = tuple[tuple[str, int], ...]
"""What feeds a step: for each port that it takes, the number of the giver. Steps count from 0, inputs from -1 down."""


def copies_of(signature: Signature) -> frozenset[str]:
    """Return the ports that a step gives beside something new and takes as well.

    `Img2ImgTxt` gives a text, and the image that it was made from with something drawn over it: a copy for people to
    look at. Later steps had better take the image itself.
    """
    new = set(signature.outputs) - set(signature.inputs)
    return frozenset(set(signature.outputs) & set(signature.inputs)) if new else frozenset()


class PortStacks:
    """Data by port. A step takes the newest there is; a copy only where there is nothing else."""

    def __init__(self, inputs: Sequence[str]) -> None:
        self._fresh: dict[str, list[int]] = {}
        self._copies: dict[str, list[int]] = {}
        self._made: dict[str, list[int]] = {}
        for number in range(len(inputs), 0, -1):
            self._fresh.setdefault(inputs[number - 1], []).append(-number)  # the first input on top

    def wires(self, signature: Signature) -> Wires | None:
        """Return what feeds a step, in the order of its inputs; None when something is missing."""
        if len(signature.inputs) == 1:  # nearly always; the rest is the same, slower
            port = signature.inputs[0]
            givers = self._fresh.get(port) or self._copies.get(port)
            return ((port, givers[-1]),) if givers else None
        taken: dict[str, Iterable[int]] = {}
        for port, number in Counter(signature.inputs).items():
            givers = [*self._copies.get(port, ()), *self._fresh.get(port, ())]
            if len(givers) < number:
                return None
            taken[port] = iter(givers[: -number - 1 : -1])
        return tuple((port, next(iter(taken[port]))) for port in signature.inputs)

    def put(self, step: int, signature: Signature) -> None:
        """Lay down what a step gives."""
        copies = copies_of(signature)
        for port in signature.outputs:
            (self._copies if port in copies else self._fresh).setdefault(port, []).append(step)
            self._made.setdefault(port, []).append(step)

    def take_back(self, signature: Signature) -> None:
        """Undo the last `put`."""
        copies = copies_of(signature)
        for port in signature.outputs:
            (self._copies if port in copies else self._fresh)[port].pop()
            self._made[port].pop()

    def newest(self, port: str, number: int) -> list[int]:
        """Return the last steps that gave a port, at most so many, in their order; copies count, inputs do not."""
        return self._made.get(port, [])[-number:]

    def within_reach(self, step: int, port: str, number: int) -> bool:
        """Whether a step that takes so many of a port would take what this step gave."""
        fresh = self._fresh.get(port, [])
        if step in fresh[-number:]:
            return True
        return len(fresh) < number and step in self._copies.get(port, [])[len(fresh) - number :]


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
    bench = PortStacks(in_hand)
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


MOST_LOOKS: Final = 10_000
"""Models that are looked at, one place in one order each, before the search stops."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """An order that is a workflow.

    Attributes:
        order: the models, by their numbers.
        wires: what feeds each of them.
        outputs: what is wanted, in its order: the port, and the step that gives it.
    """

    order: tuple[int, ...]
    wires: tuple[Wires, ...]
    outputs: Wires

    @property
    def inputs(self) -> frozenset[int]:
        """The numbers of the inputs that are used, from 0."""
        return frozenset(-giver - 1 for wires in self.wires for _, giver in wires if giver < 0)

    @property
    def shape(self) -> frozenset[tuple[int, str, int]]:
        """Who feeds whom with what, -1 for the end: equal for two orders of one workflow."""
        order = self.order
        return frozenset(
            (order[giver] if giver >= 0 else giver, port, order[at])
            for at, wires in enumerate(self.wires)
            for port, giver in wires
        ) | frozenset((order[step], port, -1) for port, step in self.outputs)


class Search:
    """The workflows that some models can form.

    Attributes:
        stopped: the search ended before it had seen everything.
    """

    def __init__(self, signatures: Sequence[Signature], inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Take models by their signatures, in the order in which they are preferred.

        Args:
            signatures: those of the models.
            inputs: what is in hand.
            outputs: what is wanted.
        """
        self.stopped = False
        same: dict[Signature, Signature] = {}
        self._signatures = tuple(same.setdefault(one, one) for one in signatures)  # equal ones are found faster
        self._inputs = tuple(inputs)
        self._outputs = tuple(outputs)
        self._wanted = Counter(outputs)
        self._needed: Counter[str] = Counter()
        for one in self._signatures:
            for port, number in Counter(one.inputs).items():
                self._needed[port] = max(self._needed[port], number)
        self._widest = max((len(one.inputs) for one in self._signatures), default=0)
        self._levels: dict[frozenset[str], Mapping[str, int]] = {}
        self._looks = 0
        self._start()

    def _start(self) -> None:
        self._bench = PortStacks(self._inputs)
        self._order: list[int] = []
        self._wires: list[Wires] = []
        self._used: list[int] = []
        """How many steps take what each step of the order gives."""

    def of_size(self, size: int) -> Iterator[SearchResult]:
        """Yield the workflows of so many models, in the order of preference of their models."""
        self._start()
        yield from self._extend(size, frozenset(self._inputs))

    def any_of(self, most: int) -> SearchResult | None:
        """Return a workflow of at most so many models in polynomial time; None when this way leads to none.

        It need not be the smallest. All models that can work do, level by level; then those leave that nobody needs.
        """
        order = self._first_makers()
        while order:
            self._start()
            for at in order:
                wires = self._bench.wires(self._signatures[at])
                if wires is None:
                    return None
                self._push(at, wires)
            found = self._found()
            if found is not None:
                return found if len(order) <= most else None
            kept = [at for step, at in enumerate(order) if self._used[step] or self._is_final(step)]
            if len(kept) == len(order):
                return None
            order = kept
        return None

    def _first_makers(self) -> list[int]:
        """Models that make everything wanted, each the first that can make what it is there for."""
        reached = levels(self._signatures, self._inputs)
        have = dict.fromkeys(self._inputs, 0)
        depth = {
            at: max(have.get(port, reached.get(port, 0)) for port in one.inputs)
            for at, one in enumerate(self._signatures)
            if all(port in have or port in reached for port in one.inputs)
        }
        order = sorted(depth, key=lambda at: (depth[at], at))
        maker: dict[str, int] = {}
        for at in order:
            for port in self._signatures[at].outputs:
                maker.setdefault(port, at)
        kept: set[int] = set()
        todo = [maker[port] for port in self._outputs if port in maker]
        while todo:
            at = todo.pop()
            if at not in kept:
                kept.add(at)
                todo += [maker[port] for port in self._signatures[at].inputs if port not in have]
        return [at for at in order if at in kept]

    def _extend(self, left: int, have: frozenset[str]) -> Iterator[SearchResult]:
        """Yield the workflows that begin with the order so far, and have so many steps more."""
        if left == 0:
            found = self._found()
            if found is not None:
                yield found
            return
        ways: dict[Signature, tuple[Wires, frozenset[str]] | None] = {}
        for at, signature in enumerate(self._signatures):
            if not self._may_look():
                return
            if signature not in ways:
                ways[signature] = self._way(signature, left, have)
            way = ways[signature]
            if way is None or at in self._order or self._comes_too_late(at, way[0]):
                continue
            self._push(at, way[0])
            if self._is_open(left - 1):
                yield from self._extend(left - 1, way[1])
            self._pop()

    def _way(self, signature: Signature, left: int, have: frozenset[str]) -> tuple[Wires, frozenset[str]] | None:
        """What feeds a further step and what there is behind it; None when it leads nowhere in so many steps."""
        wires = self._bench.wires(signature)
        if wires is None:
            return None
        now = have.union(signature.outputs)
        return (wires, now) if self._steps_to(now, self._missing_after(signature)) <= left - 1 else None

    def _may_look(self) -> bool:
        """Count one look; return whether it is allowed."""
        self._looks += 1
        self.stopped = self.stopped or self._looks > MOST_LOOKS
        return not self.stopped

    def _steps_to(self, have: frozenset[str], missing: Sequence[str]) -> float:
        """How many more steps it takes at least to make some ports."""
        if not missing:
            return 0
        if have not in self._levels:
            self._levels[have] = levels(self._signatures, have)
            self._looks += len(self._signatures)
        known = self._levels[have]
        return max(known.get(port, float("inf")) for port in missing)

    def _push(self, at: int, wires: Wires) -> None:
        self._bench.put(len(self._order), self._signatures[at])
        for _, giver in wires:
            if giver >= 0:
                self._used[giver] += 1
        self._order.append(at)
        self._wires.append(wires)
        self._used.append(0)

    def _pop(self) -> None:
        self._used.pop()
        for _, giver in self._wires.pop():
            if giver >= 0:
                self._used[giver] -= 1
        self._bench.take_back(self._signatures[self._order.pop()])

    def _missing_after(self, signature: Signature) -> list[str]:
        """The wanted ports that the steps so far and a further one do not give."""
        return [
            port
            for port, number in self._wanted.items()
            if len(self._bench.newest(port, number)) + signature.outputs.count(port) < number
        ]

    def _comes_too_late(self, at: int, wires: Wires) -> bool:
        """Whether the same workflow is found with this model before the last one, where it stands in preference."""
        if not self._order or at > self._order[-1] or any(giver == len(self._order) - 1 for _, giver in wires):
            return False
        last = self._signatures[self._order[-1]]
        return not set(self._signatures[at].outputs).intersection((*last.inputs, *last.outputs))

    def _is_open(self, left: int) -> bool:
        """Whether everything that was made can still be used, by so many steps more or as what is wanted."""
        waiting = 0
        for step, used in enumerate(self._used):
            if used or self._is_final(step):
                continue
            if not any(
                self._needed[port] and self._bench.within_reach(step, port, self._needed[port])
                for port in self._signatures[self._order[step]].outputs
            ):
                return False
            waiting += 1
        return waiting <= left * self._widest

    def _is_final(self, step: int) -> bool:
        """Whether a step gives something of what is wanted, if nothing newer comes."""
        outputs = self._signatures[self._order[step]].outputs
        return any(self._wanted[port] and step in self._bench.newest(port, self._wanted[port]) for port in outputs)

    def _found(self) -> SearchResult | None:
        """The order so far, if it is a workflow."""
        last = {port: iter(self._bench.newest(port, number)) for port, number in self._wanted.items()}
        outputs = tuple((port, next(last[port], -1)) for port in self._outputs)
        final = {step for _, step in outputs}
        if -1 in final or not all(used or step in final for step, used in enumerate(self._used)):
            return None
        return SearchResult(tuple(self._order), tuple(self._wires), outputs)
