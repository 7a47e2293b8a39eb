"""Is traffic pinned to one pod, or balanced over all? Pure functions of how many responses came from which pod.

Ask after every response: at most one verdict in 10,000 (`Criteria.error_rate`) is wrong, for any number of pods and
clients:

    pinned    is not said of even traffic, nor of a client that sends up to three quarters of its calls to one pod
    skewed    is not said of even traffic, and never of pinned clients
    balanced  is not said if a pod has half the weight of the others or less, or double or more
              (`Criteria.tolerance`), never of pinned clients, nor of clients that stay on pods: three times in
              four or more, the pod that answers is the pod that answered before

A verdict that was given stands while only doubt returns, as it does when shares are just even enough; it ends when
another one is certain, or when a response contradicts it. That adds no wrong verdict: it only repeats one.

`evidence` proves it. It is a trade-off: between even and half weight, balanced and skewed are both allowed, and the
nearer weight decides. Otherwise no verdict would be quick: over three pods, it takes 190 perfectly even responses to
tell even from half weight, and 1,037 to tell it from three quarters. Random traffic takes longer than perfectly even
traffic, because no pod may look light by chance.

The mean number of responses until the first verdict, in simulated traffic, judged after each of them:

    pods                             2       3      10     100
    pinned, sticky by hash          34      34      34      34   pinned      1.06 times Wald's bound
    random                         207     277     924  11,496   balanced    1.3, 1.5, 1.8, 2.4
    LEAST_REQUEST, busy            192     251     767   8,346   balanced
    round robin                    158     191     515   4,800   balanced    1.0
    one pod at half weight         211     289     935   9,690   skewed      1.3, 1.4, 1.5, 1.6
    one pod dead                    34      31     129   1,585   skewed      1.4 to 1.7; of two pods: pinned
    a client that moved after 20    32      21      21      21   skewed

That is for one client; none of 400, 400, 100 and 5 runs of each got another verdict. Several clients need as many
together, but 34 each to be pinned. Wald's bound is the minimum for a test with these error rates that knows in advance
which pod is the odd one. Error rates were computed by change of measure (tests/bench): even traffic called pinned or
skewed, 0.2 to 0.4 in 10,000; a pod at half weight called balanced, 0.8 to 0.9 in 10,000.

A client that moves to another pod is pinned before and skewed after, even if it stays on each pod for the same time,
as when servers close connections at a maximum age: counts do not show that, but the order does. The verdict is about
the responses so far: close to the line, it may return to inconclusive.
"""

from grpcdemo.verdict.connections import judge_connections
from grpcdemo.verdict.evidence import Order
from grpcdemo.verdict.load import judge_load
from grpcdemo.verdict.polls import judge_polls
from grpcdemo.verdict.ruling import Criteria, Outcome, Verdict, judge

__all__ = ["Criteria", "Order", "Outcome", "Verdict", "judge", "judge_connections", "judge_load", "judge_polls"]
