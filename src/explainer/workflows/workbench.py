"""What lies on the workbench while a workflow is put together: who gave which data, the newest on top."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from explainer.signature import Signature

__all__ = ["Wires", "Workbench", "copies_of"]

Wires: TypeAlias = tuple[tuple[str, int], ...]
"""What feeds a step: for each port that it takes, the number of the giver. Steps count from 0, inputs from -1 down."""


def copies_of(signature: Signature) -> frozenset[str]:
    """Return the ports that a step gives beside something new and takes as well.

    `Img2ImgTxt` gives a text, and the image that it was made from with something drawn over it: a copy for people to
    look at. Later steps had better take the image itself.
    """
    new = set(signature.outputs) - set(signature.inputs)
    return frozenset(set(signature.outputs) & set(signature.inputs)) if new else frozenset()


class Workbench:
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
