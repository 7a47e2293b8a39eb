"""A program that prints what Python and the system tell it of its process, and stays or ends as its argument says."""

import json
import os
import resource
import signal
import sys
from pathlib import Path

STREAMS = (sys.stdout, sys.stderr)


def main() -> int:
    told = {
        "argv": sys.argv,
        "path": sys.path[0],
        "environment": {**os.environ},
        "folder": os.fspath(Path.cwd()),
        "leads": os.getsid(0) == os.getpgrp() == os.getpid(),
        "files": {each.name: file_kind(each) for each in Path("/proc/self/fd").iterdir()},
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "masked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        "handlers": {number: str(signal.getsignal(number)) for number in sorted(signal.valid_signals())},
        "limits": {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if "RLIMIT" in name},
        "umask": os.umask(0),
        "streams": [(each.encoding, each.errors, getattr(each, "write_through", None)) for each in STREAMS],
    }
    sys.stdout.write(json.dumps(told))
    sys.stderr.write("error")
    if sys.argv[1] == "stay":
        signal.pause()
    code = int(sys.argv[1])
    if code < 0:
        os.kill(os.getpid(), -code)
    return code


def file_kind(descriptor: Path) -> str:
    try:
        return os.fspath(descriptor.readlink()).partition(":")[0]
    except OSError:
        return "gone"  # the folder that was read


if __name__ == "__main__":
    sys.exit(main())
