"""A process that tells what it has and what it was given, then waits to be ended."""

import json
import os
import signal
import sys

import psutil

if __name__ == "__main__":
    told = {
        "pid": os.getpid(),
        "session": os.getsid(0),
        "environment": {name: value for name, value in os.environ.items() if name != "LC_CTYPE"},
        "folder": os.getcwd(),
        "arguments": sys.argv[1:],
        "imported": "services.appointments.app" in sys.modules,
        "threads": psutil.Process().num_threads(),
        "connections": len(psutil.Process().net_connections("inet")),
    }
    print(json.dumps(told), flush=True)
    signal.pause()
