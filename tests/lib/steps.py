# SPDX-License-Identifier: Apache-2.0
"""The steps of routing and of a work item's life, called by short names on the functions in Redis."""
P = "{p00}"


def texts(answer):
    if isinstance(answer, list):
        return [texts(a) for a in answer]
    return answer.decode() if isinstance(answer, bytes) else answer


def call(r, name, now, *args):
    return texts(r.fcall(f"deskbell_{name}", 1, P, now, *args))


def ask(r, name, now, *args):
    return texts(r.fcall_ro(f"deskbell_{name}", 1, P, now, *args))


def waiting(r, queue, now=1_764_000_000_000):
    """Work items that wait there, most urgent first."""
    return ask(r, "waiting", now, queue, 1000)


def claim(r, now, queue, agent):
    """The most urgent of the queue, now with this agent; None when nothing waits."""
    outcome, item = call(r, "claim", now, queue, agent, "", "")
    return item if outcome == "OK" else None


def requeue(r, now, item, queue="", agent="", by="", note=""):
    return call(r, "requeue", now, item, queue, agent, by, note)
