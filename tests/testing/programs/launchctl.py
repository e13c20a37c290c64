"""`launchctl`, which asks the stand-in of launchd in the home."""

import json
import os
import socket
import sys


def main() -> int:
    os.chdir(os.environ["HOME"])
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(".launchd")
        line.sendall(json.dumps(sys.argv[1:]).encode() + b"\n")
        code, text = json.loads(line.makefile().read())
    (sys.stderr if code else sys.stdout).write(text)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
