"""Tests of backends.py: which programs of the person's are taken, and how the others are refused."""

import os
import pathlib
import tempfile
import unittest
import unittest.mock

import backends
import host
import state


class Named(unittest.TestCase):
    """LOKI and TEMPO name programs, or the path does."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        # Nobody's own programs take part.
        path = unittest.mock.patch.object(host, "person_path", lambda: f"{self.folder}:/usr/bin:/bin")
        path.start()
        self.addCleanup(path.stop)

    def program(self, name: str, says: str) -> pathlib.Path:
        """A program that says one line."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\necho '{says}'\n")
        path.chmod(0o755)
        return path

    def choose(self, wanted: list[str], **named: object) -> backends.Choice:
        """What is chosen in an environment that names these."""
        clean = {key: value for key, value in os.environ.items() if key not in ("LOKI", "TEMPO", "GRAFANA")}
        with unittest.mock.patch.dict(os.environ, clean | {key: str(value) for key, value in named.items()}, clear=True):
            return backends.choose(wanted)

    def test_a_loki_that_is_named_keeps_the_lines(self) -> None:
        loki = self.program("my-loki", "loki, version 3.7.8 (branch: x, revision: y)")
        choice = self.choose(["loki", "collector"], LOKI=loki)
        self.assertEqual(choice.available, ["loki", "collector"])
        self.assertEqual(choice.programs()["loki"], loki)
        self.assertEqual(choice.absent, {})

    def test_a_loki_on_the_path_is_found_and_a_stranger_of_that_name_is_not_taken(self) -> None:
        self.program("loki", "loki, version 3.10.0 (branch: x, revision: y)")
        self.assertEqual(self.choose(["loki"]).available, ["loki"])
        self.program("loki", "a god of the north")
        self.assertEqual(self.choose(["loki"]).available, ["victorialogs"])

    def test_where_loki_is_absent_victorialogs_has_its_place_and_the_cure_is_told(self) -> None:
        choice = self.choose(["loki", "tempo", "collector"])
        self.assertEqual(choice.available, ["victorialogs", "collector"])
        self.assertEqual(list(choice.absent), ["loki", "tempo"])
        self.assertIn("LOKI=/path/to/loki", choice.absent["loki"])
        self.assertEqual(self.choose(["collector"]).available, ["collector"])

    def test_what_is_named_and_cannot_be_is_refused_by_name_even_where_it_is_not_wanted(self) -> None:
        plain = self.folder / "plain"
        plain.write_text("loki, version 3.7.8")
        for named, words in [
            ({"LOKI": self.folder / "nowhere"}, ["LOKI=", "nowhere", "not a program"]),
            ({"LOKI": self.folder}, ["LOKI=", "not a program"]),
            ({"LOKI": plain}, ["LOKI=", "plain", "not a program"]),
            ({"LOKI": self.program("old", "loki, version 3.4.2 (branch: x)")}, ["3.4.2", "not Loki 3.7 or newer"]),
            ({"LOKI": self.program("other", "promtail, version 3.7.8")}, ["promtail", "not Loki 3.7 or newer"]),
            ({"TEMPO": self.program("tempo-1", "tempo, version v2.9.0")}, ["v2.9.0", "not Tempo 2.10 or newer"]),
            ({"GRAFANA": self.folder}, ["GRAFANA=", "bin/grafana"]),
        ]:
            with self.subTest(named), self.assertRaises(state.Refused) as refused:
                self.choose([], **named)
            for word in words:
                self.assertIn(word, str(refused.exception))

    def test_a_backend_that_does_not_exist_is_refused(self) -> None:
        with self.assertRaisesRegex(state.Refused, "no loky; there are loki, tempo"):
            self.choose(["loky"])


if __name__ == "__main__":
    unittest.main()
