"""Tests of kernel.py with a QEMU that is none: which accelerator is used."""

import contextlib
import os
import pathlib
import random
import tempfile
import unittest
from unittest import mock

import kernel
import state

# It writes down how it was called; with KVM it hangs or ends, and with neither does it ever take a command.
QEMU = """#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in *" kvm "*) {with_kvm} ;; *) exit 3 ;; esac
"""


class Accelerator(unittest.TestCase):
    """KVM is tried once in a boot of the host, and left where it does not answer."""

    def accelerators(self, with_kvm: str) -> list[str]:
        """What QEMU was started with, in two starts of a machine."""
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            place = pathlib.Path(folder)
            program = place / "qemu-system-x86_64"
            program.write_text(QEMU.format(with_kvm=with_kvm))
            program.chmod(0o755)
            (place / "usr/lib/modules/6").mkdir(parents=True)
            words = {"PATH": f"{folder}:{os.environ['PATH']}", "LOG": str(place / "calls"), "HOMEOSTAT_STATE": f"{folder}/state"}
            stack.enter_context(mock.patch.dict(os.environ, words))
            stack.enter_context(mock.patch.object(kernel, "root", lambda: place))
            stack.enter_context(mock.patch.object(kernel, "KVM_SECONDS", 0.5))
            # This host's own may not be there.
            stack.enter_context(mock.patch.object(kernel.os, "access", lambda *_: True))
            machine = kernel.Machine(place, [], False, random.Random(0))
            for _ in range(2):
                with self.assertRaises(state.Refused):
                    machine.start()
            calls = (place / "calls").read_text().splitlines()
        return [call.split("-accel ")[1].split()[0].split(",")[0] for call in calls]

    def test_where_it_ends_at_once(self):
        self.assertEqual(self.accelerators("exit 1"), ["kvm", "tcg", "tcg"])

    def test_where_it_hangs(self):
        self.assertEqual(self.accelerators("exec sleep 60"), ["kvm", "tcg", "tcg"])


if __name__ == "__main__":
    unittest.main()
