"""
The process that keeps one namespace alive, and makes sockets in it on request.

A script of its own, run by ``unshare`` with one descriptor of a seqpacket pair as its
only argument.  A request is ``socket FAMILY TYPE PROTOCOL`` or ``tun NAME``; the answer
carries the new descriptor, or the number and text of an errno.  When the other end of
the pair is gone, for whatever reason, so is the namespace.
"""

import fcntl
import os
import socket
import struct
import sys

TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000


def make(request: list[str]) -> int:
    """The descriptor that *request* asks for, made in this namespace."""
    if request[0] == "tun":
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        name = struct.pack("16sH22x", request[1].encode(), IFF_TUN | IFF_NO_PI)
        fcntl.ioctl(descriptor, TUNSETIFF, name)
        return descriptor
    family, kind, protocol = map(int, request[1:])
    return socket.socket(family, kind, protocol).detach()


def serve(door: socket.socket) -> None:
    door.send(b"ready")
    while request := door.recv(4096):
        try:
            descriptor = make(request.decode().split())
        except OSError as error:
            door.send(f"{error.errno} {error.strerror}".encode())
        else:
            socket.send_fds(door, [b"made"], [descriptor])
            os.close(descriptor)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
