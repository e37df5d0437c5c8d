"""verify-in-ten-years.md: its script, on the example of the format document and on a bent copy of it."""

import json
import re
import subprocess
import sys
from pathlib import Path

from house import Terminal
from pages import ROOT, block

PAGE = "verify-in-ten-years.md"


def example(above: str) -> str:
    text = (ROOT / "docs/receipt-format.md").read_text()
    return re.search(rf"\n{re.escape(above)}\n\n```json\n(.*?)\n```", text, re.DOTALL)[1]


def run(check, folder: Path) -> None:
    terminal = Terminal(folder)
    receipt, keys = example("The receipt, disclosed to its sender:"), example("The key set:")
    terminal.write("receipt.json", receipt)
    terminal.write("keys.json", keys)
    terminal.write("verify.py", block(PAGE, "Without it", "python"))
    command = block(PAGE, "Without it", "sh").replace("python3", sys.executable)
    said = terminal.run(command)
    check("provided ltr_" in said and "entry 3 of 5 in the log postfach.example/log" in said, "the page's script verifies the format's example", said)
    check(json.loads(keys)["keys"][0]["kid"] in said, "and names the key by its thumbprint", said)
    said = terminal.run(block(PAGE, "With the program", "sh"))
    check("entry 3 of 5" in said, "so does the program", said)
    bent = json.loads(receipt)
    for name, change in {
        "its signature": lambda r: r | {"jws": r["jws"][:-8] + ("A" if r["jws"][-8] != "A" else "B") + r["jws"][-7:]},
        "a disclosed value": lambda r: r | {"disclosed": {"recipient": r["disclosed"]["recipient"] | {"value": "hdl_other"}}},
        "its place in the log": lambda r: r | {"log": r["log"] | {"index": 1}},
    }.items():
        terminal.write("receipt.json", json.dumps(change(bent)))
        done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=60)
        check(done.returncode != 0, f"the script refuses a receipt with {name} changed", done.stdout)
