"""The verdict on counters that are polled: they tell how many requests each pod got since, but not in which order.

`judge` needs no order to tell pinned from uneven and from even counts, and its error rate holds however often one
looks. But counts alone pass over a client that stays on one pod for a while, and then for as long on the next. So it
is asked of each client, for each poll that found two new requests or more: did all go to one pod?

    even traffic   they do with a chance of at most 1/k, whatever came before
    staying        they do in three polls of four or more

That is what `evidence` proves of responses that follow another one, with polls in their place, so the bounds and the
error rate are the same. A client that moves to another pod in more than one poll of four may pass for balanced.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from grpcdemo.verdict.evidence import Order
from grpcdemo.verdict.ruling import DEFAULT, MOSTLY, NOBODY, STAYING, Criteria, Outcome, Verdict, judge


def judge_polls(
    by_client: Mapping[str, Mapping[str, int]],
    servers: Collection[str],
    polls: Order,
    criteria: Criteria = DEFAULT,
    unheard: Mapping[str, str] = NOBODY,
) -> Verdict:
    """Judge the requests *by_client* and server, of which *polls* says how often all those of a poll went to one pod.

    While somebody is *unheard*, traffic is not called balanced; what is pinned or skewed is so whatever they do.
    """
    verdict = judge(by_client, servers, criteria)
    if verdict.outcome is not Outcome.BALANCED:
        return verdict
    if unheard:
        return judge(by_client, servers, criteria, unheard=unheard)
    staying = polls.log_staying(len(servers), MOSTLY)
    if staying >= math.log(STAYING / criteria.error_rate):
        often = f"in {polls.repeated} of {polls.followed} polls, all new requests of a client went to one pod"
        return Verdict(Outcome.SKEWED, f"{often}: pinned for a while, then moved to another pod", criteria.error_rate)
    if -staying < math.log(1 / criteria.error_rate):
        reason = f"{polls.followed} polls are not yet enough to tell whether clients stay on a pod"
        return Verdict(Outcome.INCONCLUSIVE, reason)
    return verdict
