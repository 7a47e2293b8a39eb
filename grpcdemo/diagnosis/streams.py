"""Requests that do not end. Whatever a proxy does, all messages of one request go to one pod."""

from __future__ import annotations

from grpcdemo.diagnosis.finding import Finding, Findings, Remedy, Severity
from grpcdemo.diagnosis.traffic import Measurement

ID = "long-stream"


def long_streams(measurement: Measurement) -> Findings:
    """Of clients that begin no request besides."""
    pinned = [client for client, streams in measurement.streams.items() if len(streams) == 1]
    client = next(iter(pinned or measurement.streams), None)
    if client is None:
        return
    streams = measurement.streams[client]
    number, pods = sum(streams.values()), ", ".join(sorted(streams))
    others = f"; {len(measurement.streams) - 1} more clients do the same" if len(measurement.streams) > 1 else ""
    yield Finding(
        ID,
        Severity.MAY_PIN if pinned else Severity.OBSCURES,
        f"{client} started no request in {measurement.seconds:.0f} s, but {number} to {pods} stayed open: all messages "
        f"of a stream go to one pod, as does everything in a connection that the sidecar cannot decode{others}",
        remedy=Remedy(
            note="let the client end its streams from time to time, or the server: MAX_CONNECTION_AGE with a grace "
            "period; if the application uses TLS itself, let the mesh encrypt instead"
        ),
    )
