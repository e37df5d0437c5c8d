"""The addresses of the pages: free ones, in a network of its own where that is allowed."""

import fcntl
import os
import socket
import struct

PORTS = (3000, 8080, 8443, 9443)
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def prepare() -> None:
    """Brings loopback up in a new network; elsewhere says which address of the pages is taken."""
    if os.environ.get("SIEGEL_OWN_NETWORK"):
        with socket.socket() as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise SystemExit(f"howto: port {port}, which the pages name, is taken, and `unshare --net` is not allowed here: {error}") from error
