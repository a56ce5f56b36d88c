"""Tests of what is done with the Collector's storage after it has ended, as NixOS runs it and as Debian does."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import state

SCRIPT = state.REPOSITORY / "nixos-modules/settings/collector-storage.sh"
SHELLS = (["sh"], ["bash", "-o", "errexit", "-o", "nounset", "-o", "pipefail"])
FAULT = "panic: assertion failed in go.etcd.io/bbolt"


class Storage(unittest.TestCase):
    """Each test makes a folder with a storage, and a journalctl that tells what the Collector said."""

    def run_script(self, shell: list[str], said: str, result: str, files: dict[str, int]) -> dict[str, list[str]]:
        """The files of the storage and of what was put aside, after the script."""
        with tempfile.TemporaryDirectory() as folder:
            home = pathlib.Path(folder)
            (home / "storage").mkdir()
            for name, size in files.items():
                (home / "storage" / name).write_bytes(bytes(size))
            (home / "said").write_text(said)
            tool = home / "journalctl"
            tool.write_text(f"#!/bin/sh\ncat {home / 'said'}\n")
            tool.chmod(0o755)
            told = {"PATH": f"{home}:{os.environ['PATH']}", "SERVICE_RESULT": result, "INVOCATION_ID": "0"}
            subprocess.run([*shell, str(SCRIPT), str(home / "storage")], env=told, check=True, capture_output=True)
            places = ("storage", "storage.damaged")
            return {place: sorted(os.listdir(home / place)) for place in places if (home / place).exists()}

    def test_a_damaged_storage_is_put_aside_whole_however_much_was_said(self) -> None:
        for shell in SHELLS:
            for said in (FAULT, FAULT + "\n" + "a line\n" * 100000):
                left = self.run_script(shell, said, "exit-code", {"cursor": 32768, "queue": 65536})
                self.assertEqual(left, {"storage.damaged": ["cursor", "queue"]})

    def test_a_file_that_never_held_anything_goes_alone(self) -> None:
        for shell in SHELLS:
            left = self.run_script(shell, "file size too small 4096", "exit-code", {"cursor": 32768, "queue": 4096})
            self.assertEqual(left, {"storage": ["cursor"]})

    def test_nothing_is_touched_after_a_good_end_or_another_fault(self) -> None:
        for shell in SHELLS:
            for said, result in ((FAULT, "success"), ("the address is in use", "exit-code")):
                left = self.run_script(shell, said, result, {"cursor": 32768, "queue": 4096})
                self.assertEqual(left, {"storage": ["cursor", "queue"]})


if __name__ == "__main__":
    unittest.main()
