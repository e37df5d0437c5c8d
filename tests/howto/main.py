#!/usr/bin/env python3
"""Tries the how-tos word for word. Started by `run`; takes a directory of its own, and which parts."""

import sys
import time
import traceback
from pathlib import Path

import datasubject
import deliver
import fapi
import federate
import jsonway
import levels
import links
import mandate
import network
import organisation
import portal
import retire
import tenyears

PARTS = {
    "links": links,
    "portal": portal,
    "fapi": fapi,
    "levels": levels,
    "federate": federate,
    "json": jsonway,
    "tenyears": tenyears,
    "deliver": deliver,
    "retire": retire,
    "datasubject": datasubject,
    "mandate": mandate,
    "organisation": organisation,
}


class Checks:
    """What was claimed, and whether it held."""

    def __init__(self):
        self.failed: list[str] = []
        self.count = 0

    def __call__(self, ok: bool, what: str, detail: object = "") -> bool:
        self.count += 1
        print(f"{'ok  ' if ok else 'FAIL'}  {what}", flush=True)
        if not ok:
            self.failed.append(what)
            if detail:
                print("      " + str(detail).strip().replace("\n", "\n      "), flush=True)
        return ok


def main() -> int:
    folder, wanted = Path(sys.argv[1]), sys.argv[2:] or list(PARTS)
    network.prepare()
    check = Checks()
    for name in wanted:
        print(f"--- {name}", flush=True)
        began = time.monotonic()
        try:
            PARTS[name].run(check, folder / name)
        except Exception:  # noqa: BLE001: one page's trouble is not the other's
            check(False, f"{name} is tried to its end", traceback.format_exc())
        print(f"    {name}: {time.monotonic() - began:.1f} s", flush=True)
    print(f"howto: {check.count} checks, {'FAILED: ' + str(len(check.failed)) if check.failed else 'all held'}")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
