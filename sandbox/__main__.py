"""`python -m sandbox --data DIR`: the three platforms on one loopback port."""

import argparse
import sys
from pathlib import Path

from sandbox.server import serve


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Local X, Telegram and Discord servers.")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="where the ledgers are written")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--parent", action="store_true", help="stop when standard input ends, so as not to outlive the parent")
    wanted = parser.parse_args(argv)
    try:
        serve(host=wanted.host, port=wanted.port, data_dir=wanted.data, watch_stdin=wanted.parent)
    except OverflowError:
        parser.error(f"--port {wanted.port} is no port: choose one from 0 to 65535")
    except OSError as error:
        where = f"{wanted.host}:{wanted.port} and {wanted.data}"
        sys.stderr.write(f"The sandbox cannot use {where} ({error.strerror}): choose another --port or a writable --data.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
