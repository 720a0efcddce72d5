# SPDX-License-Identifier: Apache-2.0
"""A client of the Redis that listens on a Unix socket."""
import redis
from redis.exceptions import ConnectionError  # noqa: F401 its users wait until it is there


class Connection(redis.UnixDomainSocketConnection):
    host, port = "a Unix socket", 0  # redis-py tells them when the other end is reset, and a Unix socket has none


def connect(path):
    return redis.Redis(connection_pool=redis.ConnectionPool(connection_class=Connection, path=str(path)))
