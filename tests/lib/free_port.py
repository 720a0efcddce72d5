# SPDX-License-Identifier: Apache-2.0
"""A port for a server that must be told one: below those that the kernel gives to whoever asks for any, so that nobody takes it
between here and there, and never the same twice."""
import random
import socket

FIRST, LAST = 20000, 32000
given = set()


def free_port():
    while True:
        port = random.randint(FIRST, LAST)
        if port in given:
            continue
        given.add(port)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
