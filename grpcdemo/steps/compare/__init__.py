"""Measure every cure side by side.

capabilities  what the target has that cures need
plan        which cures, in which order, and how long that takes
place       the namespace of one cure: deploy, scale, crash, read logs
pod_times   when pods came and were ready
call_times  a client's log → calls with their times
steady      one cure alone, in steady state: new clients, a window of calls
changes     several cures while their servers change
analysis    calls → what is said of a cure
cost        what the containers that a cure adds use
results     what was measured so far, also after Ctrl-C
comparison  runs all of it, and cleans up
"""

from grpcdemo.steps.compare.comparison import compare, plan, rehearse
from grpcdemo.steps.compare.config import CompareConfig
from grpcdemo.steps.compare.results import Results

__all__ = ["CompareConfig", "Results", "compare", "plan", "rehearse"]
