"""A bounded, deterministic search for the orders of models in which each can take what came before.

An order of models is a workflow already: each takes the newest data of each kind (`PortStacks`). So the search walks
along orders, and leaves one as soon as it cannot lead anywhere: an output is more steps away than there are left
(`levels`), or a step made something that no step will take any more. Finding the fewest models is NP-hard (it is the
minimum hyperpath problem: Ausiello, Franciosa and Frigioni, "Directed hypergraphs", 2001), so the work is bounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from explainer.catalogs.signature import Signature

MOST_LOOKS: Final = 10_000
"""Models that are looked at, one place in one order each, before the search stops."""

Wires: TypeAlias = tuple[tuple[str, int], ...]
"""What feeds a step: for each port that it takes, the number of the giver. Steps count from 0, inputs from -1 down."""


def copies_of(signature: Signature) -> frozenset[str]:
    """Return the ports that a step gives beside something new and takes as well.

    `Img2ImgTxt` gives a text, and the image that it was made from with something drawn over it: a copy for people to
    look at. Later steps had better take the image itself.
    """
    passed_on = frozenset(signature.outputs) & frozenset(signature.inputs)
    return frozenset() if passed_on.issuperset(signature.outputs) else passed_on


class PortStacks:
    """Data by port. A step takes the newest there is; a copy only where there is nothing else."""

    def __init__(self, inputs: Sequence[str]) -> None:
        self._fresh: dict[str, list[int]] = {}
        self._copies: dict[str, list[int]] = {}
        self._given: dict[str, list[int]] = {}
        for number in range(len(inputs), 0, -1):
            self._fresh.setdefault(inputs[number - 1], []).append(-number)  # the first input on top

    def wires(self, signature: Signature) -> Wires | None:
        """Return what feeds a step, in the order of its inputs; None when something is missing."""
        if len(signature.inputs) == 1:  # nearly always: the same as below, faster
            port = signature.inputs[0]
            givers = self._fresh.get(port) or self._copies.get(port)
            return ((port, givers[-1]),) if givers else None
        givers_of: dict[str, list[int]] = {}
        wires: list[tuple[str, int]] = []
        for port in signature.inputs:
            if port not in givers_of:
                givers_of[port] = [*self._copies.get(port, ()), *self._fresh.get(port, ())]
            if not givers_of[port]:
                return None
            wires.append((port, givers_of[port].pop()))
        return tuple(wires)

    def put(self, step: int, signature: Signature) -> None:
        """Put what a step gives on the stacks."""
        copies = copies_of(signature)
        for port in signature.outputs:
            stacks = self._copies if port in copies else self._fresh
            stacks.setdefault(port, []).append(step)
            self._given.setdefault(port, []).append(step)

    def take_back(self, signature: Signature) -> None:
        """Undo the last `put`."""
        copies = copies_of(signature)
        for port in signature.outputs:
            stacks = self._copies if port in copies else self._fresh
            stacks[port].pop()
            self._given[port].pop()

    def newest(self, port: str, number: int) -> list[int]:
        """Return the last steps that gave a port, at most so many, in their order; copies count, inputs do not."""
        return self._given.get(port, [])[-number:]

    def within_reach(self, step: int, port: str, number: int) -> bool:
        """Whether a step that takes so many of a port would take what this step gave."""
        fresh = self._fresh.get(port, [])
        if step in fresh[-number:]:
            return True
        return len(fresh) < number and step in self._copies.get(port, [])[len(fresh) - number :]


def levels(signatures: Sequence[Signature], inputs: Iterable[str]) -> Mapping[str, int]:
    """Return for each port that steps can make, how many steps in a row it takes at least.

    This is the first bound of planning graphs (Blum and Furst, "Fast planning through planning graph analysis", 1997):
    it never says more than the truth.
    """
    reached = set(inputs)
    level_of: dict[str, int] = {}
    # Equal signatures reach the same, and this is called for every set of ports on the way of a search.
    waiting = [(frozenset(signature.inputs), signature.outputs) for signature in dict.fromkeys(signatures)]
    level = 0
    ready = waiting
    while ready:
        level += 1
        ready = [step for step in waiting if step[0] <= reached]
        waiting = [step for step in waiting if not step[0] <= reached]
        for _, outputs in ready:
            for port in outputs:
                level_of.setdefault(port, level)
        reached |= level_of.keys()
    return level_of


def lacking(signature: Signature, reached: Collection[str]) -> list[str]:
    """Return the ports that a step takes and that are not within reach."""
    return [port for port in signature.inputs if port not in reached]


def missing_ports(signatures: Sequence[Signature], inputs: Iterable[str], outputs: Iterable[str]) -> tuple[str, ...]:
    """Return the ports that stand in the way: they are needed for the outputs, and nothing makes them.

    Returns:
        Nothing when all outputs can be made.
    """
    inputs = set(inputs)
    made = levels(signatures, inputs)
    reached = inputs | made.keys()
    distinct = list(dict.fromkeys(signatures))
    queue = [port for port in outputs if port not in made]
    queued = set(queue)
    missing: list[str] = []
    for port in queue:  # which grows: what is needed for a port comes behind it
        ways = [lacking(signature, reached) for signature in distinct if port in signature.outputs]
        ways = [way for way in ways if queued.isdisjoint(way)]
        if not ways:
            missing.append(port)
            continue
        shortest = min(ways, key=len)
        needs = dict.fromkeys(shortest)
        queue += needs
        queued.update(needs)
    return tuple(missing)


def read_inputs(signatures: Sequence[Signature]) -> tuple[str, ...]:
    """Read from the signatures of some models what must be given, so that each of them can work.

    That is what a model takes and no other gives; and where models wait for each other, what the one that lacks least
    takes, of several such the one that is named first.
    """
    givers: Counter[str] = Counter()
    for signature in signatures:
        givers.update(set(signature.outputs))
    inputs: list[str] = []
    for signature in signatures:
        of_others = givers - Counter(set(signature.outputs))
        inputs += [port for port in signature.inputs if port not in of_others and port not in inputs]
    while stuck := _stuck(signatures, inputs):
        least = min(stuck, key=len)
        inputs += dict.fromkeys(least)
    return tuple(inputs)


def _stuck(signatures: Sequence[Signature], inputs: Sequence[str]) -> list[list[str]]:
    """What each model lacks that cannot work yet."""
    reached = {*inputs, *levels(signatures, inputs)}
    return list(filter(None, (lacking(signature, reached) for signature in signatures)))


def read_outputs(signatures: Sequence[Signature], inputs: Sequence[str]) -> tuple[str, ...]:
    """Read from the signatures of some models what comes out: what they give and no other of them takes.

    Each model works as soon as it has what it takes; of several that could, the one that is named first.
    """
    stacks = PortStacks(inputs)
    waiting = list(range(len(signatures)))
    order: list[int] = []
    used: set[int] = set()
    while ready := _first_ready(stacks, signatures, waiting):
        number, wires = ready
        used.update(giver for _, giver in wires)
        stacks.put(number, signatures[number])
        waiting.remove(number)
        order.append(number)
    outputs: list[str] = []
    for number in order:
        if number not in used:
            outputs += signatures[number].outputs
    return tuple(outputs)


def _first_ready(
    stacks: PortStacks, signatures: Sequence[Signature], waiting: Sequence[int]
) -> tuple[int, Wires] | None:
    for number in waiting:
        wires = stacks.wires(signatures[number])
        if wires is not None:
            return number, wires
    return None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """An order that is a workflow.

    Attributes:
        order: the models, by their numbers.
        wires: what feeds each of them.
        outputs: the outputs in their order: the port, and the step that gives it.
    """

    order: tuple[int, ...]
    wires: tuple[Wires, ...]
    outputs: Wires

    @property
    def inputs(self) -> frozenset[int]:
        """The numbers of the inputs that are used, from 0."""
        givers: set[int] = set()
        for wires in self.wires:
            givers.update(-giver - 1 for _, giver in wires if giver < 0)
        return frozenset(givers)

    @property
    def shape(self) -> frozenset[tuple[int, str, int]]:
        """Who feeds whom with what, -1 for the end: equal for two orders of one workflow."""
        links = {(self.order[step], port, -1) for port, step in self.outputs}
        for model, wires in zip(self.order, self.wires, strict=True):
            for port, giver in wires:
                links.add((self.order[giver] if giver >= 0 else giver, port, model))
        return frozenset(links)


# What feeds a further step, and the ports that there are behind it.
_Way: TypeAlias = tuple[Wires, frozenset[str]]


class Search:
    """The workflows that some models can form.

    Attributes:
        stopped: the search ended before it had seen everything.
    """

    def __init__(self, signatures: Sequence[Signature], inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Take models by their signatures, in the order in which they are preferred.

        Args:
            signatures: those of the models.
            inputs: the ports that are given.
            outputs: the ports that are to be made.
        """
        self.stopped = False
        # Equal signatures become one object: as keys of a dict these are compared by identity first.
        canonical: dict[Signature, Signature] = {}
        self._signatures = tuple(canonical.setdefault(signature, signature) for signature in signatures)
        self._inputs = tuple(inputs)
        self._outputs = tuple(outputs)
        self._asked_for = Counter(outputs)
        self._most_taken: Counter[str] = Counter()
        for signature in canonical:
            self._most_taken |= Counter(signature.inputs)
        self._widest = max((len(signature.inputs) for signature in canonical), default=0)
        self._levels: dict[frozenset[str], Mapping[str, int]] = {}
        self._looks = 0
        self._start()

    def _start(self) -> None:
        self._stacks = PortStacks(self._inputs)
        self._order: list[int] = []
        self._wires: list[Wires] = []
        self._uses: list[int] = []
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
        while order and self._follow(order):
            result = self._result()
            if result is not None:
                return result if len(order) <= most else None
            needed = [model for step, model in enumerate(order) if self._uses[step] or self._is_final(step)]
            if len(needed) == len(order):
                return None
            order = needed
        return None

    def _follow(self, order: Sequence[int]) -> bool:
        """Let models work in an order; whether each of them could."""
        self._start()
        for model in order:
            wires = self._stacks.wires(self._signatures[model])
            if wires is None:
                return False
            self._push(model, wires)
        return True

    def _first_makers(self) -> list[int]:
        """Models that make all outputs, each the first that can make what it is there for."""
        order = self._by_depth()
        maker: dict[str, int] = {}
        for model in order:
            for port in self._signatures[model].outputs:
                maker.setdefault(port, model)
        needed: set[int] = set()
        queue = [maker[port] for port in self._outputs if port in maker]
        while queue:
            model = queue.pop()
            if model not in needed:
                needed.add(model)
                queue += [maker[port] for port in lacking(self._signatures[model], self._inputs)]
        return [model for model in order if model in needed]

    def _by_depth(self) -> list[int]:
        """The models that can work, those first that have what they take after fewer steps."""
        depth_of_port = {**levels(self._signatures, self._inputs), **dict.fromkeys(self._inputs, 0)}
        depths: dict[int, int] = {}
        for model, signature in enumerate(self._signatures):
            if not lacking(signature, depth_of_port):
                depths[model] = max(depth_of_port[port] for port in signature.inputs)
        return sorted(depths, key=lambda model: depths[model])

    def _extend(self, steps_left: int, reached: frozenset[str]) -> Iterator[SearchResult]:
        """Yield the workflows that begin with the order so far, and have so many steps more."""
        if steps_left == 0:
            result = self._result()
            if result is not None:
                yield result
            return
        # Models of one signature go the same way from here.
        ways: dict[Signature, _Way | None] = {}
        for model, signature in enumerate(self._signatures):
            if not self._may_look():
                return
            if signature not in ways:
                ways[signature] = self._way(signature, steps_left, reached)
            way = ways[signature]
            if way is None or model in self._order or self._comes_too_late(model, way[0]):
                continue
            self._push(model, way[0])
            if self._is_open(steps_left - 1):
                yield from self._extend(steps_left - 1, way[1])
            self._pop()

    def _way(self, signature: Signature, steps_left: int, reached: frozenset[str]) -> _Way | None:
        """What feeds a further step and what there is behind it; None when it leads nowhere in so many steps."""
        wires = self._stacks.wires(signature)
        if wires is None:
            return None
        reached = reached.union(signature.outputs)
        return (wires, reached) if self._steps_to(reached, self._missing_after(signature)) < steps_left else None

    def _may_look(self) -> bool:
        """Count one look; return whether it is allowed."""
        self._looks += 1
        self.stopped = self.stopped or self._looks > MOST_LOOKS
        return not self.stopped

    def _steps_to(self, reached: frozenset[str], missing: Sequence[str]) -> float:
        """How many more steps it takes at least to make some ports."""
        if not missing:
            return 0
        if reached not in self._levels:
            self._levels[reached] = levels(self._signatures, reached)
            self._looks += len(self._signatures)  # which is what it costs
        level_of = self._levels[reached]
        return max(level_of.get(port, float("inf")) for port in missing)

    def _push(self, model: int, wires: Wires) -> None:
        self._stacks.put(len(self._order), self._signatures[model])
        self._count_uses(wires, 1)
        self._order.append(model)
        self._wires.append(wires)
        self._uses.append(0)

    def _pop(self) -> None:
        self._uses.pop()
        self._count_uses(self._wires.pop(), -1)
        self._stacks.take_back(self._signatures[self._order.pop()])

    def _count_uses(self, wires: Wires, change: int) -> None:
        for _, giver in wires:
            if giver >= 0:
                self._uses[giver] += change

    def _missing_after(self, signature: Signature) -> list[str]:
        """The outputs that the steps so far and a further one do not give."""
        missing: list[str] = []
        for port, number in self._asked_for.items():
            if len(self._stacks.newest(port, number)) + signature.outputs.count(port) < number:
                missing.append(port)
        return missing

    def _comes_too_late(self, model: int, wires: Wires) -> bool:
        """Whether the same workflow is found with this model before the last one, where it stands in preference."""
        if not self._order or model > self._order[-1]:
            return False
        last_step = len(self._order) - 1
        if last_step in (giver for _, giver in wires):
            return False
        last = self._signatures[self._order[-1]]
        return {*last.inputs, *last.outputs}.isdisjoint(self._signatures[model].outputs)

    def _is_open(self, steps_left: int) -> bool:
        """Whether everything that was made can still be used, by so many steps more or as an output."""
        waiting = 0
        for step, uses in enumerate(self._uses):
            if uses or self._is_final(step):
                continue
            if not self._can_be_taken(step):
                return False
            waiting += 1
        return waiting <= steps_left * self._widest

    def _can_be_taken(self, step: int) -> bool:
        """Whether some model would take what a step gave, as things are."""
        for port in self._signatures[self._order[step]].outputs:
            number = self._most_taken[port]
            if number and self._stacks.within_reach(step, port, number):
                return True
        return False

    def _is_final(self, step: int) -> bool:
        """Whether a step gives one of the outputs, if nothing newer comes."""
        for port in self._signatures[self._order[step]].outputs:
            number = self._asked_for[port]
            if number and step in self._stacks.newest(port, number):
                return True
        return False

    def _result(self) -> SearchResult | None:
        """The order so far, if it is a workflow: it gives all outputs, and each step is of use."""
        newest = {port: self._stacks.newest(port, number) for port, number in self._asked_for.items()}
        if any(len(newest[port]) < number for port, number in self._asked_for.items()):
            return None
        outputs = tuple((port, newest[port].pop(0)) for port in self._outputs)
        final = {step for _, step in outputs}
        if any(uses == 0 and step not in final for step, uses in enumerate(self._uses)):
            return None
        return SearchResult(tuple(self._order), tuple(self._wires), outputs)
