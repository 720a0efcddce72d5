# SPDX-License-Identifier: Apache-2.0
"""A provider of SMS that does what the test says: a real HTTP server, with a hook that answers each request."""
import json
import socket
import threading
import urllib.parse

CLOSE = object()   # take the request and close without an answer
SILENT = object()  # take it and say nothing


class Provider:
    """`say(request)` may return (status, headers, body), CLOSE or SILENT instead of the usual 201 with an id. A request is a
    dict: number, method, path, headers, body, fields. `taken` is what was answered with success, or left open."""

    def __init__(self, say=None, port=0):
        self.say = say or (lambda request: None)
        self.requests, self.taken = [], []
        self.lock = threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", port), backlog=256)
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.open = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        with self.lock:
            for s in list(self.open):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self):
        while True:
            try:
                s, _ = self.socket.accept()
            except OSError:
                return
            with self.lock:
                self.open.add(s)
            threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        try:
            reader = s.makefile("rb")
            while self._one(s, reader):
                pass
        except (OSError, ValueError):
            pass
        finally:
            with self.lock:
                self.open.discard(s)
            s.close()

    def _one(self, s, reader):
        first = reader.readline().decode("latin-1").split()
        if len(first) < 3:
            return False
        headers = {}
        while line := reader.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        body = reader.read(int(headers.get("content-length", "0")))
        if len(body) < int(headers.get("content-length", "0")):
            return False  # broken off before its end: nothing was taken
        request = {"method": first[0], "path": first[1], "headers": headers, "body": body,
                   "fields": dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))}
        with self.lock:
            request["number"] = len(self.requests) + 1
            self.requests.append(request)
        answer = self.say(request)
        if answer is None:
            answer = (201, {}, {"sid": f"SM{request['number']:032d}", "status": "queued"})
        if answer is CLOSE or answer is SILENT or 200 <= answer[0] < 300:
            with self.lock:
                self.taken.append(request)
        if answer is CLOSE:
            return False
        if answer is SILENT:
            return bool(reader.readline())
        status, extra, payload = answer
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(data)}", "Content-Type: application/json"]
        lines += [f"{k}: {v}" for k, v in extra.items()]
        s.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        return True
