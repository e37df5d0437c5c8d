"""Who gets in at the internal listener."""

import socket
import ssl
from pathlib import Path

HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


def greeted(address: str, name: str, ca: Path, pair: Path | None) -> str:
    """Connects to 8443 as whoever `pair` says; answers `greeted`, or what happened instead."""
    context = ssl.create_default_context(cafile=str(ca))
    context.set_alpn_protocols(["h2"])
    if pair:
        context.load_cert_chain(pair / "tls.crt", pair / "tls.key")
    try:
        with socket.create_connection((address, 8443), timeout=5) as plain, context.wrap_socket(plain, server_hostname=name) as tls:
            # With TLS 1.3 a refused client learns of it when it reads.
            tls.sendall(HELLO)
            frame = tls.recv(9)
            return "greeted" if len(frame) == 9 and frame[3] == 4 else "closed without a word"
    except ssl.SSLCertVerificationError as error:
        return f"the server is not who it should be: {error.verify_message}"
    except ssl.SSLError as error:
        return f"refused: {error.reason}"
    except OSError as error:
        return f"closed: {error.strerror or error}"
