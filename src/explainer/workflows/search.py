"""A bounded, deterministic search for the orders of models in which each can take what came before.

An order of models is a workflow already: each takes the newest data of each kind (`PortStacks`). So the search walks
along orders, and leaves one as soon as it cannot lead anywhere: an output is more steps away than there are left
(`levels`), or a step made something that no step will take any more. Finding the fewest models is NP-hard (it is the
minimum hyperpath problem: Ausiello, Franciosa and Frigioni, "Directed hypergraphs", 2001), so the work is bounded.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Final, TypeAlias

from msgspec import Struct

from explainer.catalogs.signature import Signature

MOST_LOOKS: Final = 10_000
"""Models that are looked at, one place in one order each, before the search stops."""

Wires: TypeAlias = tuple[tuple[str, int], ...]
"""What feeds a step: for each port that it takes, the number of the giver. Steps count from 0, inputs from -1 down."""

_GIVER: Final = itemgetter(1)


def copies_of(signature: Signature) -> frozenset[str]:
    """Return the ports that a step gives beside something new and takes as well.

    `Img2ImgTxt` gives a text, and the image that it was made from with something drawn over it: a copy for people to
    look at. Later steps had better take the image itself.
    """
    passed_on = frozenset(signature.outputs) & frozenset(signature.inputs)
    if passed_on.issuperset(signature.outputs):
        return frozenset()
    return passed_on


class PortStacks:
    """Data by port. A step takes the newest there is; a copy only where there is nothing else."""

    def __init__(self, inputs: Sequence[str]) -> None:
        self._fresh: defaultdict[str, list[int]] = defaultdict(list)
        self._copies: defaultdict[str, list[int]] = defaultdict(list)
        self._given: defaultdict[str, list[int]] = defaultdict(list)
        for number in range(len(inputs), 0, -1):
            self._fresh[inputs[number - 1]].append(-number)  # the first input on top

    def wires(self, signature: Signature) -> Wires | None:
        """Return what feeds a step, in the order of its inputs; None when something is missing."""
        if len(signature.inputs) == 1:  # nearly always: the same as below, faster
            port = signature.inputs[0]
            givers = self._fresh[port] or self._copies[port]
            return ((port, givers[-1]),) if givers else None
        givers_of: dict[str, list[int]] = {}
        wires: list[tuple[str, int]] = []
        for port in signature.inputs:
            givers = givers_of.setdefault(port, self._stack(port))
            if not givers:
                return None
            wires.append((port, givers.pop()))
        return tuple(wires)

    def _stack(self, port: str) -> list[int]:
        """The data of one port, what is taken first on top."""
        return [*self._copies[port], *self._fresh[port]]

    def put(self, step: int, signature: Signature) -> None:
        """Put what a step gives on the stacks."""
        for stack in self._outputs(signature):
            stack.append(step)

    def take_back(self, signature: Signature) -> None:
        """Undo the last `put`."""
        for stack in self._outputs(signature):
            stack.pop()

    def _outputs(self, signature: Signature) -> Iterator[list[int]]:
        """The stacks for what a step gives."""
        copies = copies_of(signature)
        for port in signature.outputs:
            yield self._given[port]
            yield self._copies[port] if port in copies else self._fresh[port]

    def newest(self, port: str, number: int) -> list[int]:
        """Return the last steps that gave a port, at most so many, in their order; copies count, inputs do not."""
        return _last(self._given[port], number)

    def within_reach(self, step: int, port: str, number: int) -> bool:
        """Whether a step that takes so many of a port would take what this step gave."""
        return step in _last(self._stack(port), number)


def _last(steps: list[int], number: int) -> list[int]:
    return steps[max(len(steps) - number, 0) :]


def levels(signatures: Sequence[Signature], inputs: Iterable[str]) -> Mapping[str, int]:
    """Return for each port that steps can make, how many steps in a row it takes at least.

    This is the first bound of planning graphs (Blum and Furst, "Fast planning through planning graph analysis", 1997):
    it never says more than the truth.
    """
    reached = set(inputs)
    level_of: dict[str, int] = {}
    # Equal signatures reach the same, and this is called for every set of ports on the way of a search.
    waiting = list(dict.fromkeys(signatures))
    level = 0
    ready = waiting
    while ready:
        level += 1
        ready, waiting = _parted(waiting, reached)
        for signature in ready:
            for port in signature.outputs:
                level_of.setdefault(port, level)
        reached |= level_of.keys()
    return level_of


def _parted(
    signatures: Sequence[Signature], reached: set[str]
) -> tuple[list[Signature], list[Signature]]:
    """The steps that can work with what is within reach, and those that cannot."""
    ready: list[Signature] = []
    waiting: list[Signature] = []
    for signature in signatures:
        (ready if reached.issuperset(signature.inputs) else waiting).append(signature)
    return ready, waiting


def lacking(signature: Signature, reached: Collection[str]) -> list[str]:
    """Return the ports that a step takes and that are not within reach."""
    return [port for port in signature.inputs if port not in reached]


def missing_ports(
    signatures: Sequence[Signature], inputs: Iterable[str], outputs: Iterable[str]
) -> tuple[str, ...]:
    """Return the ports that stand in the way: they are needed for the outputs, and nothing makes them.

    Returns:
        Nothing when all outputs can be made.
    """
    inputs = set(inputs)
    makeable = levels(signatures, inputs)
    reached = inputs | makeable.keys()
    queue = [port for port in outputs if port not in makeable]
    queued = set(queue)
    missing: list[str] = []
    for port in queue:  # which grows: what is needed for a port comes behind it
        needs = min(_ways(port, signatures, reached, queued), key=len, default=None)
        if needs is None:
            missing.append(port)
            continue
        queue += dict.fromkeys(needs)
        queued.update(needs)
    return tuple(missing)


def _ways(
    port: str, signatures: Iterable[Signature], reached: Collection[str], queued: set[str]
) -> Iterator[list[str]]:
    """What each step that gives a port lacks, unless it needs what is looked for already."""
    for signature in signatures:
        needs = lacking(signature, reached)
        if port in signature.outputs and queued.isdisjoint(needs):
            yield needs


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
        inputs += lacking(signature, {*of_others, *inputs})
    while stuck := _stuck(signatures, inputs):
        # these wait for each other, until one of them is given what it lacks
        least = min(stuck, key=len)
        inputs += dict.fromkeys(least)
    return tuple(inputs)


def _stuck(signatures: Sequence[Signature], inputs: Sequence[str]) -> list[list[str]]:
    """What each model lacks that cannot work yet."""
    reached = {*inputs, *levels(signatures, inputs)}
    stuck: list[list[str]] = []
    for signature in signatures:
        ports = lacking(signature, reached)
        if ports:
            stuck.append(ports)
    return stuck


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
        used.update(map(_GIVER, wires))
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


class SearchResult(Struct, frozen=True):
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
        givers = map(_GIVER, chain.from_iterable(self.wires))
        return frozenset(-giver - 1 for giver in givers if giver < 0)

    @property
    def shape(self) -> frozenset[tuple[int, str, int]]:
        """Who feeds whom with what, -1 for the end: equal for two orders of one workflow."""
        models = dict(enumerate(self.order))
        links: set[tuple[int, str, int]] = set()
        for model, wires in zip((*self.order, -1), (*self.wires, self.outputs), strict=True):
            for port, giver in wires:
                # inputs keep their numbers, which are negative
                links.add((models.get(giver, giver), port, model))
        return frozenset(links)


# What feeds a further step, and the ports that there are behind it.
_Way: TypeAlias = tuple[Wires, frozenset[str]]


class Search:
    """The workflows that some models can form.

    Attributes:
        stopped: the search ended before it had seen everything.
    """

    def __init__(
        self, signatures: Sequence[Signature], inputs: Sequence[str], outputs: Sequence[str]
    ) -> None:
        """Take models by their signatures, in the order in which they are preferred.

        Args:
            signatures: those of the models.
            inputs: the ports that are given.
            outputs: the ports that are to be made.
        """
        self.stopped = False
        # Equal signatures become one object: as keys of a dict these are compared by identity first.
        canonical: dict[Signature, Signature] = {}
        self._signatures = tuple(map(canonical.setdefault, signatures, signatures))
        self._inputs = tuple(inputs)
        self._outputs = tuple(outputs)
        self._asked_for = Counter(outputs)
        self._most_taken: Counter[str] = Counter()
        self._widest = 0
        for signature in canonical:
            self._most_taken |= Counter(signature.inputs)
            self._widest = max(self._widest, len(signature.inputs))
        self._levels: dict[frozenset[str], Mapping[str, int]] = {}
        self._looks = 0
        self._start()

    def _start(self) -> None:
        self._stacks = PortStacks(self._inputs)
        self._order: list[int] = []
        self._wires: list[Wires] = []
        self._uses: Counter[int] = Counter()
        """How many steps take what each step of the order gives; inputs are counted, too, and nobody asks."""

    def of_size(self, size: int) -> Iterator[SearchResult]:
        """Yield the workflows of so many models, in the order of preference of their models."""
        self._start()
        yield from self._extend(size, frozenset(self._inputs))

    def any_of(self) -> SearchResult | None:
        """Return a workflow in polynomial time; None when this way leads to none.

        It need not be the smallest. All models that can work do, level by level; then those leave that nobody needs.
        """
        order = self._first_makers()
        while self._follow(order):
            result = self._result()
            if result is not None:
                return result
            unused = self._unused()
            # nobody can leave, and yet an output is missing
            if not unused:
                return None
            order = [model for step, model in enumerate(order) if step not in unused]
        return None

    def _follow(self, order: Sequence[int]) -> bool:
        """Let models work in an order; whether there are any, and each of them could."""
        self._start()
        for model in order:
            wires = self._stacks.wires(self._signatures[model])
            if wires is None:
                return False
            self._push(model, wires)
        return bool(order)

    def _first_makers(self) -> list[int]:
        """Models that make all outputs, each the first that can make what it is there for."""
        order = self._by_depth()
        maker: dict[str, int] = {}
        for model in reversed(order):
            maker |= dict.fromkeys(self._signatures[model].outputs, model)
        needed: set[int] = set()
        ports = list(self._outputs)
        for port in ports:  # which grows: what a model takes comes behind it
            if port in maker and maker[port] not in needed:
                needed.add(maker[port])
                ports += lacking(self._signatures[maker[port]], self._inputs)
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
        if self._steps_to(reached, self._missing(signature.outputs)) >= steps_left:
            return None
        return wires, reached

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
        for _, giver in wires:
            self._uses[giver] += 1
        self._order.append(model)
        self._wires.append(wires)

    def _pop(self) -> None:
        for _, giver in self._wires.pop():
            self._uses[giver] -= 1
        self._stacks.take_back(self._signatures[self._order.pop()])

    def _missing(self, outputs: Sequence[str] = ()) -> list[str]:
        """The outputs that the steps so far do not give, and a further one that gives these."""
        missing: list[str] = []
        for port, number in self._asked_for.items():
            if len(self._stacks.newest(port, number)) + outputs.count(port) < number:
                missing.append(port)
        return missing

    def _comes_too_late(self, model: int, wires: Wires) -> bool:
        """Whether the same workflow is found with this model before the last one, where it stands in preference."""
        # behind a model that is preferred, this is the order that counts
        if not self._order or model > self._order[-1]:
            return False
        last_step = len(self._order) - 1
        # what takes from the last one cannot stand before it
        if last_step in map(_GIVER, wires):
            return False
        # nor can the two be exchanged where this one gives what the last one takes or gives
        last = self._signatures[self._order[-1]]
        return {*last.inputs, *last.outputs}.isdisjoint(self._signatures[model].outputs)

    def _is_open(self, steps_left: int) -> bool:
        """Whether everything that was made can still be used, by so many steps more or as an output."""
        unused = self._unused()
        # no step takes more of them than the model that takes most
        if len(unused) > steps_left * self._widest:
            return False
        return all(self._can_be_taken(step) for step in unused)

    def _unused(self) -> list[int]:
        """The steps that gave nothing that is of use so far."""
        return [
            step
            for step in range(len(self._order))
            if not (self._uses[step] or self._is_final(step))
        ]

    def _can_be_taken(self, step: int) -> bool:
        """Whether some model would take what a step gave, as things are."""
        outputs = self._signatures[self._order[step]].outputs
        return any(
            self._stacks.within_reach(step, port, self._most_taken[port]) for port in outputs
        )

    def _is_final(self, step: int) -> bool:
        """Whether a step gives one of the outputs, if nothing newer comes."""
        outputs = self._signatures[self._order[step]].outputs
        return any(step in self._stacks.newest(port, self._asked_for[port]) for port in outputs)

    def _result(self) -> SearchResult | None:
        """The order so far, if it is a workflow: it gives all outputs, and each step is of use."""
        if self._missing() or self._unused():
            return None
        # an output that is asked for twice comes from two steps
        newest = {
            port: iter(self._stacks.newest(port, number))
            for port, number in self._asked_for.items()
        }
        outputs = tuple((port, next(newest[port])) for port in self._outputs)
        return SearchResult(tuple(self._order), tuple(self._wires), outputs)
