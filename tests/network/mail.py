"""A mail server that keeps what it gets. Stands in for the relay."""

import asyncio
import email
import email.policy
import re
import threading
import time


class SimulatedRelay:
    def __init__(self, host: str, port: int):
        self.mails: list = []
        started = threading.Event()

        async def serve() -> None:
            server = await asyncio.start_server(self._session, host, port)
            started.set()
            async with server:
                await server.serve_forever()

        threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
        if not started.wait(10):
            raise RuntimeError("the mail server does not start")

    async def _session(self, reader, writer) -> None:
        say = lambda text: writer.write(text.encode() + b"\r\n")
        say("220 relay")
        while line := (await reader.readline()).decode().strip():
            word = line.split()[0].upper()
            if word == "DATA":
                say("354 go on")
                lines = []
                while (data := await reader.readline()) not in (b".\r\n", b""):
                    lines.append(data[1:] if data.startswith(b"..") else data)
                self.mails.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
            say("221 bye" if word == "QUIT" else "250 ok")
            if word == "QUIT":
                break
        writer.close()

    def code_for(self, address: str, seconds: float = 20) -> str:
        """The newest code mailed to an address."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for mail in reversed(self.mails):
                text = mail.get_body(("plain",)).get_content()
                if address in str(mail["to"]) and (found := re.search(r"\b\d{6,8}\b|\b\d{3} \d{3}\b|\b\d{4} \d{4}\b", text)):
                    return found.group()
            time.sleep(0.1)
        raise RuntimeError(f"no code came to {address}")
