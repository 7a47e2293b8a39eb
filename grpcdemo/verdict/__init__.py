"""Is the traffic pinned to one pod or balanced over all? Pure functions of who got how many responses from whom."""

from grpcdemo.verdict.ruling import Criteria, Outcome, Verdict, judge

__all__ = ["Criteria", "Outcome", "Verdict", "judge"]
