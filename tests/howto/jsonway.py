"""json.md: the interface without gRPC, looked at and written to as the page tells."""

import os
import re
from pathlib import Path

from house import READY, Terminal
from pages import ROOT, block
from portal import pinned

PAGE = "json.md"


def run(check, folder: Path) -> None:
    terminal = Terminal(folder)
    try:
        terminal.start("siegel up", READY)
        seen = terminal.run(block(PAGE, "Look around", "sh"))
        check('"openapi": "3.1.0"' in (folder / "openapi.json").read_text(), "the OpenAPI document is there")
        check('"checkpoint":' in seen, "what is public needs no token", seen)
        check('"reason":"TOKEN_MISSING"' in seen, "what is not says what is missing", seen)
        text = (ROOT / "docs/how-to" / PAGE).read_text()
        pinned(check, text)
        os.environ["SIEGEL_CREDENTIALS"] = str(folder / "siegel-data/demo.toml")
        os.environ["SIEGEL_HANDLE"] = terminal.run(f"node {ROOT}/tests/clients/node/handle.mjs").strip()
        terminal.write("send.py", block(PAGE, "Send a letter", "python"))
        told = terminal.run("python send.py")
        check(re.search(r"^ltr_[0-9a-f]{32} \['accepted', 'provided'\]$", told, re.M) is not None, "the letter arrives", told)
        check("404 RECIPIENT_UNKNOWN" in told, "and an unknown recipient is refused with a reason", told)
        settings = block(PAGE, "From browsers", "toml")
        terminal.end_last()
        terminal.write("cors.toml", settings)
        terminal.start("siegel up --config cors.toml", READY)
        ask = "curl -si -X OPTIONS http://localhost:8080/v1/postbox/SenderService/Submit -H 'Access-Control-Request-Method: POST' -H 'Origin: {}'"
        allowed = "access-control-allow-origin: https://portal.example"
        check(allowed in terminal.run(ask.format("https://portal.example")), "pages that are named may call")
        check("access-control-allow-origin" not in terminal.run(ask.format("https://other.example")), "others may not")
    finally:
        os.environ.pop("SIEGEL_CREDENTIALS", None)
        os.environ.pop("SIEGEL_HANDLE", None)
        terminal.end_all()
