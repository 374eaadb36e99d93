"""A line between a browser and a server, which a test interrupts as networks do."""

import socket
import threading
from contextlib import suppress

from tests.support.servers import free_port


class Relay:
    """Listens on a port of its own and hands all on to `target`, another port of this machine.

    `freeze` makes the line fall silent, as a network that is out of reach: what is sent from then
    on is `on_its_way`, and lost. `cut` ends it. `mend` lets both sides meet again.
    """

    def __init__(self, target):
        self.target, self.port = target, free_port()
        self.flows = threading.Event()
        self.ends, self.listener, self.on_its_way = [], None, bytearray()
        self.mend()

    def mend(self):
        self.flows.set()
        if self.listener is None:
            self.listener = socket.create_server(("127.0.0.1", self.port))
            self.listener.settimeout(0.1)
            self.acceptor = threading.Thread(target=self._accept, args=[self.listener], daemon=True)
            self.acceptor.start()

    def freeze(self):
        self.flows.clear()

    def cut(self):
        listener, self.listener = self.listener, None
        if listener is not None:
            self.acceptor.join()
            listener.close()
        for end in self.ends:
            _end(end)
        self.ends = []
        self.flows.set()

    def _accept(self, listener):
        while self.listener is listener:
            with suppress(TimeoutError):
                self._join(listener.accept()[0])

    def _join(self, browser):
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:  # it does not listen
            browser.close()
            return
        self.ends += [browser, server]
        for pair in ((browser, server), (server, browser)):
            threading.Thread(target=self._hand_on, args=pair, daemon=True).start()

    def _hand_on(self, source, target):
        with source, suppress(OSError):
            while data := source.recv(65536):
                if self.flows.is_set():
                    target.sendall(data)
                else:
                    self.on_its_way += data
        _end(target)


def _end(connection):
    with suppress(OSError):  # it has ended already
        connection.shutdown(socket.SHUT_RDWR)
