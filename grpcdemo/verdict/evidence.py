"""How strong the evidence for and against even balancing is, at any time one looks at the counts.

Two hypotheses about n responses from k pods, of which pod s gave c(s):

    even        each response comes from each pod with chance 1/k
    weight w    one unknown pod has w times the weight of each other pod

The likelihood of the second, averaged over which pod it is, divided by that of the first, is

    M(w) = (k / (k - 1 + w))^n × mean over s of w^c(s)

where w = 0 is a dead pod, for which only pods that never answered are left in the mean, and w = ∞ is a
pod that gives all answers, M = k^(n - 1) if one pod did and 0 if not. An average in place of a number that
is not known is Wald's method of weight functions (A. Wald, Sequential Analysis, 1947, chapter 4), and
comparing M with two bounds is his sequential probability ratio test. M depends on the counts alone.

Even traffic taken for uneven. If the traffic is even, M(w) is a martingale that starts at 1, and so is an
average over several w, and a product over clients. By Ville's inequality (J. Ville, Étude critique de la
notion de collectif, 1939) the chance that it ever reaches 1/a is at most a, however often one looks and
whenever one stops.

Uneven traffic taken for even. Let T be the first time that M(w) <= a, for a weight w < 1, and Q(s) the
chances if pod s has that weight. The sum of Q(s)(T happens) over the k pods is the expectation, under even
traffic, of k × M(w) at T, so at most k × a; by symmetry each is at most a. Worse traffic is caught no less
often: in place of the difference d of the counts of two pods take |d|. Its chance to grow rises with |d| and
with the difference of the two shares, and M(w) for a given sum of the two counts rises with |d|; so (by
coupling) making shares less equal makes T rarer. Every set of shares in which a pod has at most the share
that Q(s) gives to s can be made from Q(s) so. The same holds for w > 1 and pods with too large a share.
For this direction responses must be independent of each other, with the same shares throughout; for the
first, it is enough that each pod has the chance 1/k whatever came before.

Counts do not show the order. A client that stays on a pod for a while, and as long on each in turn, is even in
them. So let r of m responses that followed another one of the same client have come from the same pod as that one:

    staying q   such a response comes from the same pod with a chance of q or more, whatever came before

The likelihood with a chance of q, divided by that of even traffic, where it is 1/k, is

    S(q) = (k q)^r × (k (1 - q) / (k - 1))^(m - r)

and comparing it with two bounds is the sequential probability ratio test once more. If the traffic is even, S is a
martingale that starts at 1, and Ville's inequality holds for it. If clients stay, it holds for 1/S: where the
chance is p, 1/S grows by p / (k q) + (1 - p) (k - 1) / (k (1 - q)) on average, which is 1 for p = q and less above.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

ALTERNATIVES = 4


class Counts:
    """Responses by pod."""

    def __init__(self, answers: Sequence[int], pods: int) -> None:
        """*answers* are the counts above zero, *pods* is how many pods there are."""
        self.answers = answers
        self.pods = pods
        self.total = sum(answers)
        self.unseen = pods - len(answers)
        """How many pods never answered."""
        self.fewest = min(answers) if answers and not self.unseen else 0
        """The smallest count, 0 if a pod never answered."""
        self.most = max(answers, default=0)
        """The largest count."""

    def log_uneven(self, tolerance: float) -> float:
        """The log evidence against even traffic: one pod is dead, too light, too heavy, or alone, equally likely."""
        return log_mean([self.log_ratio(weight) for weight in alternatives(tolerance)])

    def log_uneven_at_most(self, tolerance: float) -> float:
        """A cheap upper bound of it: the pod that stands out most in place of the mean over pods."""
        return max(self._log_ratio_at_most(weight) for weight in alternatives(tolerance))

    def log_even(self, tolerance: float) -> float:
        """The log evidence against a pod out of tolerance: the weaker of too light and too heavy."""
        return -max(self.log_ratio(weight) for weight in out_of_tolerance(tolerance))

    def log_ratio(self, weight: float) -> float:
        """The logarithm of M(weight)."""
        largest = self._log_ratio_at_most(weight)
        if largest == -math.inf:
            return largest
        extreme = self._extreme(weight)
        relative = sum(weight ** (count - extreme) for count in self.answers)
        if self.unseen:
            relative += self.unseen * weight**-extreme
        return largest + math.log(relative / self.pods)

    def _log_ratio_at_most(self, weight: float) -> float:
        extreme = self._extreme(weight)
        if weight == math.inf:
            return self.total * math.log(self.pods) if extreme == self.total else -math.inf
        even = self.total * math.log(self.pods / (self.pods - 1 + weight))
        if weight == 0:
            return -math.inf if extreme else even
        return even + extreme * math.log(weight)

    def _extreme(self, weight: float) -> int:
        """The count of the pod that has this weight most likely."""
        return self.most if weight > 1 else self.fewest


@dataclass(frozen=True)
class Order:
    """How often consecutive responses came from the same pod."""

    followed: int = 0
    """Responses that follow another one of the same client."""
    repeated: int = 0
    """How many of those come from the same pod as the one before."""

    def log_staying(self, pods: int, chance: float) -> float:
        """The logarithm of S(chance), for more than one pod."""
        stayed, moved = math.log(pods * chance), math.log(pods * (1 - chance) / (pods - 1))
        return self.repeated * stayed + (self.followed - self.repeated) * moved


def log_mean(logarithms: Sequence[float]) -> float:
    """The logarithm of the mean of numbers, from their logarithms."""
    top = max(logarithms)
    if top == -math.inf:
        return top
    return top + math.log(sum(math.exp(value - top) for value in logarithms) / len(logarithms))


def alternatives(tolerance: float) -> tuple[float, ...]:
    """The ALTERNATIVES weights that one pod may have in uneven traffic."""
    light, heavy = out_of_tolerance(tolerance)
    return 0.0, light, heavy, math.inf


def out_of_tolerance(tolerance: float) -> tuple[float, float]:
    """The weights from which on a pod is too light and too heavy."""
    return 1 - tolerance, 1 / (1 - tolerance)


def fewest_for_even(pods: int, tolerance: float, error_rate: float) -> int:
    """How many perfectly even responses it takes until `log_even` suffices."""
    gains = (math.log(weight) / pods + math.log(pods / (pods - 1 + weight)) for weight in out_of_tolerance(tolerance))
    return math.ceil(math.log(1 / error_rate) / -max(gains))


def fewest_for_alone(most: float, error_rate: float) -> int:
    """How many responses in a row from one pod suffice to rule out that it gets a share of at most *most*.

    The first may come from any pod, each further one from the same pod with a chance of at most *most*.
    """
    return 1 + math.ceil(math.log(1 / error_rate) / -math.log(most))
