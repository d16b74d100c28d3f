"""
A server that sends to everyone, as fast as they take it, and never stops.

A script of its own, so that the sending costs the test's process nothing.  Prints its
port.  Its send buffers are small: what is measured is the gateway's memory, not the
host's.
"""

import select
import socket

BUFFER = 64 * 1024
DATA = bytes(BUFFER)


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    print(listener.getsockname()[1], flush=True)
    epoll = select.epoll()
    epoll.register(listener, select.EPOLLIN)
    clients: dict[int, socket.socket] = {}
    while True:
        for fd, events in epoll.poll():
            if fd == listener.fileno():
                accepted, _ = listener.accept()
                accepted.setblocking(False)
                clients[accepted.fileno()] = accepted
                epoll.register(accepted, select.EPOLLOUT | select.EPOLLRDHUP)
            elif not send(clients[fd], events):
                clients.pop(fd).close()


def send(client: socket.socket, events: int) -> bool:
    """Whether it is still there."""
    if events & (select.EPOLLRDHUP | select.EPOLLERR):
        return False
    try:
        client.send(DATA)
    except BlockingIOError:
        pass
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
