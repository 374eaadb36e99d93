"""A server on this machine that serves files well, or in one of the ways that servers fail."""

import hashlib
import re
import socket
import struct
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["LocalServer", "Mood", "whole"]


class LocalServer:
    """Files by path; ``moods`` are for the next requests, in order, after which all is well."""

    def __init__(self):
        self.files, self.moods, self.asked = {}, deque(), []
        self.released, self.resumed = threading.Event(), threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"at": self}))
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self.resumed.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def ranges(self):
        """Return what Range each request asked for."""
        return [headers.get("Range") for _, headers in self.asked]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.close_connection = True
        self.at.asked.append((self.path, dict(self.headers)))
        mood = self.at.moods.popleft() if self.at.moods else whole
        mood(self)

    def body(self):
        return self.at.files.get(self.path)

    def log_message(self, *_):
        pass

    def head(self, status, length=None, **headers):
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def put(self, data):
        try:
            self.wfile.write(data)
            self.wfile.flush()
        except OSError:  # the other end has heard enough
            self.close_connection = True


def etag(body):
    return f'"{hashlib.sha256(body).hexdigest()[:16]}"'


def whole(handler):
    """Serve as a good server does: ranges, on the condition that the file is the same."""
    body = handler.body()
    if body is None:
        Mood.status(404)(handler)
        return
    asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    same = handler.headers.get("If-Range") in (None, etag(body))
    start = int(asked[1]) if asked and same else 0
    if start > len(body) or (start and start == len(body)):
        handler.head(416, 0, Content_Range=f"bytes */{len(body)}")
    elif start:
        span = f"bytes {start}-{len(body) - 1}/{len(body)}"
        handler.head(206, len(body) - start, Content_Range=span, ETag=etag(body))
        handler.put(body[start:])
    else:
        handler.head(200, len(body), ETag=etag(body))
        handler.put(body)


class Mood:
    """Ways to fail: each makes what answers one request."""

    @staticmethod
    def status(code, **headers):
        return lambda handler: handler.head(code, 0, **headers)

    @staticmethod
    def truncate(sent):
        """Close early, having promised all."""

        def answer(handler):
            body = handler.body()
            handler.head(200, len(body), ETag=etag(body))
            handler.put(body[:sent])

        return answer

    @staticmethod
    def truncate_unmarked(sent):
        """Close early, and give no means to recognise the file."""

        def answer(handler):
            handler.head(200, len(handler.body()))
            handler.put(handler.body()[:sent])

        return answer

    @staticmethod
    def corrupt(at):
        def answer(handler):
            body = bytearray(handler.body())
            body[at] ^= 0xFF
            handler.head(200, len(body), ETag=etag(bytes(body)))
            handler.put(bytes(body))

        return answer

    @staticmethod
    def stall(sent):
        """Send some and fall silent until the test is over."""

        def answer(handler):
            Mood.truncate(sent)(handler)
            handler.at.released.wait(20)

        return answer

    @staticmethod
    def pause(sent):
        """Send some, and the rest when the test says so."""

        def answer(handler):
            Mood.truncate(sent)(handler)
            handler.at.resumed.wait(60)
            handler.put(handler.body()[sent:])

        return answer

    @staticmethod
    def silence(handler):
        """Take the request and never answer."""
        handler.at.released.wait(20)

    @staticmethod
    def reset(sent):
        """Send some and reset the connection."""

        def answer(handler):
            if sent:
                Mood.truncate(sent)(handler)
            linger = struct.pack("ii", 1, 0)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            handler.connection.shutdown(socket.SHUT_RD)
            handler.connection.close()

        return answer

    @staticmethod
    def without_ranges(handler):
        body = handler.body()
        handler.head(200, len(body))
        handler.put(body)

    @staticmethod
    def wrong_range(handler):
        """Continue with as many bytes as are asked for, from somewhere else."""
        body, start = handler.body(), int(handler.headers["Range"][6:-1])
        rest = body[7 : 7 + len(body) - start]
        span = f"bytes 7-{6 + len(rest)}/{len(body)}"
        handler.head(206, len(rest), Content_Range=span, ETag=etag(body))
        handler.put(rest)

    @staticmethod
    def nothing_more(handler):
        """Promise the rest and send none of it."""
        body, start = handler.body(), int(handler.headers["Range"][6:-1])
        span = f"bytes {start}-{len(body) - 1}/{len(body)}"
        handler.head(206, 0, Content_Range=span, ETag=etag(body))

    @staticmethod
    def dated(date, sent=None):
        """Know versions by their date alone."""

        def answer(handler):
            body, asked = handler.body(), handler.headers.get("Range")
            is_same = handler.headers.get("If-Range") in {None, date}
            start = int(asked[6:-1]) if asked and is_same else 0
            span = f"bytes {start}-{len(body) - 1}/{len(body)}"
            headers = {"Last_Modified": date} | ({"Content_Range": span} if start else {})
            handler.head(206 if start else 200, len(body) - start, **headers)
            handler.put(body[start : sent or len(body)])

        return answer

    @staticmethod
    def unmarked_rest(start):
        """Continue as asked, whatever the file has become."""

        def answer(handler):
            body = handler.body()
            span = f"bytes {start}-{len(body) - 1}/{len(body)}"
            handler.head(206, len(body) - start, Content_Range=span)
            handler.put(body[start:])

        return answer

    @staticmethod
    def redirect(path):
        return lambda handler: handler.head(302, 0, Location=handler.at.address + path)

    @staticmethod
    def announce(length):
        """Lie about the length."""

        def answer(handler):
            handler.head(200, length)
            handler.put(handler.body())

        return answer

    @staticmethod
    def page(handler):
        text = b"<html><body>Please log in to the guest network</body></html>"
        handler.head(200, len(text), Content_Type="text/html; charset=utf-8")
        handler.put(text)

    @staticmethod
    def message(handler):
        text = b"the archive is being moved, come back later"
        handler.head(200, len(text), Content_Type="application/octet-stream")
        handler.put(text)

    @staticmethod
    def encoded(handler):
        body = handler.body()
        handler.head(200, len(body), Content_Encoding="br")
        handler.put(body)

    @staticmethod
    def without_length(sent):
        """Give no length at all, and close after some bytes."""

        def answer(handler):
            handler.head(200)
            handler.put(handler.body()[:sent])

        return answer
