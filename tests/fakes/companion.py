"""A companion that does nothing: it waits for the end of its standard input."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.stdin.read()
