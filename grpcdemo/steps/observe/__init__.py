"""Observe which server pod answers each client, and judge it.

pods        whom to watch; a change of the pods begins a new window
call_reader a client's log → batches of calls: a source
log_clock   when a line was written that is read later
batch       what a source yields and a window counts
window      counts one window: who answered, what failed, what was missed, how long it took, in which order
gaps        what the demo lacks when nobody calls or answers
blindness   when calls could not be read, and why
timeline    who answered when, across all windows
record      the current window, the timeline, and the blind times
snapshot    record → observation with verdict
observer    runs all of it until the end that the caller asked for
"""

from grpcdemo.steps.observe.config import ObserveConfig
from grpcdemo.steps.observe.observer import observe

__all__ = ["ObserveConfig", "observe"]
