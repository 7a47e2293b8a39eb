"""Observe a user's own Service by what its clients' proxies have counted, and judge it.

pods       who serves and who calls now; a change of the pods begins a new window
record     what the source says → windows, the timeline, and the blind times → observation with verdict
advice     what helps where the verdict is not the expected one
observer   polls the source until the end that the caller asked for
"""

from grpcdemo.steps.observe.service.config import ServiceObserveConfig
from grpcdemo.steps.observe.service.observer import observe_service

__all__ = ["ServiceObserveConfig", "observe_service"]
