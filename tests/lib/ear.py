# SPDX-License-Identifier: Apache-2.0
"""What dispatch processes are told while they do not look by themselves."""
from steps import P


class Ear:
    """Is whoever listens told of marks? A program looks when its connection is new."""

    def __init__(self, client):
        self.client, self.told = client, True
        self.channel = client.pubsub(ignore_subscribe_messages=True)
        self.channel.subscribe(f"{P}:dispatch")
        self.times()

    def times(self):
        """How often since the last look."""
        self.client.ping()  # what was published before has been sent
        n = 0
        while self.channel.get_message(timeout=0.05 if n == 0 else 0) is not None:
            n += 1
        return n

    def forget(self):
        self.hear()
        self.told = False

    def hear(self):
        """Told since forget()?"""
        while self.channel.get_message(timeout=0) is not None:
            self.told = True
        return self.told

    def close(self):
        self.channel.close()
