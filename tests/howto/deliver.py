"""deliver-a-letter.md: its three programs against a sandbox, each twice, and their receipts verified."""

import os
import shutil
import sys
from pathlib import Path

from house import READY, Terminal
from pages import ROOT, block, blocks

PAGE = "deliver-a-letter.md"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def command(heading: str, starts: str) -> str:
    """The block of shell under that heading that begins so."""
    (found,) = (b.text for b in blocks(PAGE) if b.heading == heading and b.language == "sh" and b.text.startswith(starts))
    return found


def run(check, folder: Path) -> None:
    terminal = Terminal(folder)
    for name in ("proto", "tests"):  # the page is read in the folder of the repository
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "tests/clients/typescript/node_modules", folder / "node_modules", symlinks=True)
    python = f'PATH="{Path(sys.executable).parent}:$PATH"\n'
    terminal.start("siegel up", READY)
    try:
        before = python + command("Before you begin", "export") + "printf 'export SIEGEL_ORIGIN=%s HANDLE=%s\\n' $SIEGEL_ORIGIN $HANDLE > variables\n"
        terminal.run(before)
        ready = python + ". ./variables\n"
        terminal.run(ready + command("Python", "mkdir"))
        terminal.write("deliver.py", block(PAGE, "Python", "python"))
        terminal.write("deliver.mts", block(PAGE, "TypeScript", "ts"))
        rust = (ROOT / "tests/examples/deliver.rs").read_text()
        check(rust.endswith("\n\n" + block(PAGE, "Rust", "rust")), "the page's Rust is the example, word for word")
        programs = {
            "python": command("Python", "python3 deliver.py"),
            "typescript": command("TypeScript", "npx"),
            "rust": command("Rust", "cargo").replace("cargo run -p siegel-e2e --example deliver --", str(TARGET / "debug/examples/deliver")),
        }
        for name, program in programs.items():
            first, again = terminal.run(ready + program), terminal.run(ready + program)
            check(first.startswith("delivered ltr_") and "announced on 20" in first, f"the program in {name} delivers", first)
            check(first == again, f"run again it delivers nothing twice ({name})", again)
            verify = ready + command("And then", "curl").replace("receipt-python-", f"receipt-{name}-")
            check("Provided for retrieval" in terminal.run(verify), f"the receipt it keeps verifies ({name})")
    finally:
        terminal.end_all()
