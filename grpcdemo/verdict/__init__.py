"""Is the traffic pinned to one pod or balanced over all? Pure functions of who got how many responses from whom.

One may ask after every response, and at most one verdict in 10,000 (`Criteria.error_rate`) is wrong, at any number
of pods and clients:

    pinned    is not said of even traffic, nor of a client that sends up to three quarters of its calls to one pod
    skewed    is not said of even traffic, and never of pinned clients
    balanced  is not said where a pod has half the weight of the others or less, or double or more (which is
              `Criteria.tolerance`), never of pinned clients, nor of clients that stay: whom three times in four
              or more the same pod answers as the time before

Why that holds is told in `evidence`. It is a trade: between even and half weight lies a zone in which balanced and
skewed are both allowed, and the nearer weight decides. Without it no verdict would be quick: over three pods, to
tell even from half weight takes 190 perfectly even responses, from three quarters 1,037. Even traffic that is
random takes longer than perfectly even traffic, as no pod may look light by chance.

The mean number of responses until the first verdict, in simulated traffic, judged after each of them:

    pods                             2       3      10     100
    pinned, sticky by hash          34      34      34      34   pinned      1.06 times Wald's bound
    random                         207     277     924  11,496   balanced    1.3, 1.5, 1.8, 2.4
    LEAST_REQUEST, busy            192     251     767   8,346   balanced
    round robin                    158     191     515   4,800   balanced    1.0
    one pod at half weight         211     289     935   9,690   skewed      1.3, 1.4, 1.5, 1.6
    one pod dead                    34      31     129   1,585   skewed      1.4 to 1.7; of two pods: pinned
    a client that moved after 20    32      21      21      21   skewed

That is one client; of 400, 400, 100 and 5 runs of each none got another verdict. Several clients together need as
many, but to be pinned, 34 each. Wald's bound is the least that a test with these errors needs which knows beforehand
which pod is the odd one. How often the test errs was computed by change of measure (tests/bench): even traffic called
pinned or skewed, 0.2 to 0.4 in 10,000; a pod at half weight called balanced, 0.8 to 0.9 in 10,000.

A client that moves to another pod is pinned before and skewed after, also if it stays as long on each pod in turn,
as after a server has closed its connection for its age: counts do not show that, but the order does. And the verdict
is about the responses so far: close to the line it may go back to inconclusive once more.
"""

from grpcdemo.verdict.evidence import Order
from grpcdemo.verdict.ruling import Criteria, Outcome, Verdict, judge

__all__ = ["Criteria", "Order", "Outcome", "Verdict", "judge"]
