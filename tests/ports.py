"""Ports for the servers that tests start."""

import random
import socket

# Below those that systems give to outgoing connections: nobody takes one between our look and the server's start.
FIRST, LAST = 15_000, 32_000


def free_port() -> int:
    """One that nobody listens on; several workers of a run hardly ever choose the same."""
    chance = random.SystemRandom()
    while True:
        port = chance.randint(FIRST, LAST)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
