"""
The balance that draws lots: the less loaded of two servers picked by weight.

The only one that needs randomness, which is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from bridge.farm.candidates import Candidates
from bridge.farm.server import Server


class Lots:
    """
    Weights by number, to be drawn in O(log n) while they change in O(log n).

    A binary tree in a list, as a heap is: node *i* has the sum of nodes 2i and 2i + 1,
    and the leaves are the second half.  Sums are added anew along the way up, never
    corrected by a difference, so they do not drift from what they stand for.
    """

    __slots__ = ("_leaves", "_tree")

    def __init__(self) -> None:
        self._leaves = 1
        self._tree = [0.0, 0.0]

    @property
    def total(self) -> float:
        return self._tree[1]

    def __getitem__(self, number: int) -> float:
        return self._tree[self._leaves + number]

    def __setitem__(self, number: int, weight: float) -> None:
        """Numbers are small: the tree grows to the largest."""
        while number >= self._leaves:
            self._double()
        tree, node = self._tree, self._leaves + number
        tree[node] = weight
        while node > 1:
            node >>= 1
            tree[node] = tree[2 * node] + tree[2 * node + 1]

    def _double(self) -> None:
        """Twice the leaves: the tree there is becomes the left half of one."""
        deeper, width = [0.0, self.total], 1
        while width <= self._leaves:
            deeper += self._tree[width : 2 * width] + [0.0] * width
            width *= 2
        self._tree, self._leaves = deeper, width

    def find(self, point: float) -> tuple[int, float]:
        """
        Whose lot *point* is, in 0 .. total, and where that lot begins.

        Always one with a weight, if there is any: rounding may put *point* at the very
        end, where the others are.
        """
        tree, leaves, node, rest = self._tree, self._leaves, 1, point
        while node < leaves:
            node *= 2
            left = tree[node]
            if rest >= left and tree[node + 1]:
                rest -= left
                node += 1
        return node - leaves, point - rest


class TwoChoices(Candidates):
    """
    Of two servers picked at random by weight, the one less loaded for its weight.

    Nearly as even as ``least_connections`` (Mitzenmacher, 2001), and several gateways
    that do not know of each other's sessions do not all run to one server.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        super().__init__()
        self._random = random
        self._lots = Lots()
        self._numbers: dict[Server, int] = {}
        self._servers: list[Server] = []
        """By number; the last one takes the number of one that leaves."""

    def choose(self, key: int, skip: Collection[Server]) -> Server | None:
        numbers, lots = self._numbers, self._lots
        hidden = [numbers[server] for server in skip if server in numbers]
        for number in hidden:
            lots[number] = 0.0
        chosen = self._better() if lots.total else None
        for number in hidden:
            lots[number] = self._weights[self._servers[number]]
        return chosen

    def _better(self) -> Server:
        lots, servers, weights = self._lots, self._servers, self._weights
        number, begin = lots.find(self._random() * lots.total)
        one = servers[number]
        # The second is drawn as if the first one's lot were cut out of the line.
        rest = lots.total - lots[number]
        point = self._random() * rest
        other = servers[lots.find(point if point < begin else point + lots[number])[0]]
        lighter = other.active * weights[one] < one.active * weights[other]
        return other if lighter else one

    def _enter(self, server: Server) -> None:
        number = self._numbers[server] = len(self._servers)
        self._servers.append(server)
        self._lots[number] = self._weights[server]

    def _leave(self, server: Server) -> None:
        number, last = self._numbers.pop(server), self._servers.pop()
        if last is not server:
            self._numbers[last] = number
            self._servers[number] = last
            self._lots[number] = self._weights[last]
        self._lots[len(self._servers)] = 0.0

    def _reweighed(self, server: Server, before: float) -> None:
        self._lots[self._numbers[server]] = self._weights[server]
