"""The NixOS test driver's words for one machine, in systemd-nspawn or in QEMU. Names, arguments and meaning follow the
NixOS manual, chapter "Writing Tests"; screens and keys are absent, and only a machine in QEMU can reboot.
"""

import pathlib
import shlex
import subprocess
import time
from collections.abc import Callable

import kernel
import nspawn

TIMEOUT = 900.0
POLL_SECONDS = 0.2


class RequestedAssertionFailed(AssertionError):
    """What the script demanded of the machine did not hold."""


class Machine:
    """A machine under test. Commands run as root with `set -euo pipefail`; standard error goes to the log."""

    def __init__(self, name: str, container: nspawn.Machine | kernel.Machine, log):
        self.name = name
        self.container = container
        self.logger = log
        self.after_start: Callable[[], None] = lambda: None
        self.booted = False

    def log(self, text: str) -> None:
        """A line in the test's log."""
        self.logger.info(f"{self.name}: {text}")

    def nested(self, title: str):
        """A titled part of the log."""
        return self.logger.nested(f"{self.name}: {title}")

    def is_up(self) -> bool:
        """Whether the machine runs."""
        return self.container.process("leader") is not None

    def start(self, allow_reboot: bool = False) -> None:
        """Boots the machine; harmless when it runs. It is up when systemd's start is over, well or not. It may always
        reboot here; NixOS's driver wants to know it before."""
        del allow_reboot
        if self.booted and self.is_up():
            return
        began = time.monotonic()
        self.container.start()
        self.booted = True
        state = self.container.run("systemctl is-system-running")[1].strip()
        self.log(f"up ({state}) after {time.monotonic() - began:.1f} s")
        if state != "running":
            self.log(self.container.run("systemctl --failed --no-legend --plain")[1])
        self.after_start()

    def shutdown(self) -> None:
        """Powers off in good order and waits for the end."""
        self.container.stop()

    def crash(self) -> None:
        """Ends the machine as a power cut would."""
        self.container.stop(kill=True)
        if lost := getattr(self.container, "lost", None):
            self.log(f"the power was cut: {lost}")

    def reboot(self) -> None:
        """Reboots in good order; the next command waits for the new boot."""
        self.container.reboot()

    @property
    def connected(self) -> bool:
        """Whether the machine's commands have answered in this boot. A script that reboots by itself says False."""
        return self.container.connected

    @connected.setter
    def connected(self, value: bool) -> None:
        self.container.connected = value

    def get_console_log(self) -> str:
        """All that the machine wrote on its console since its start."""
        return self.container.console_text()

    def execute(self, command: str, check_return: bool = True, check_output: bool = True,
                timeout: float | None = TIMEOUT) -> tuple[int, str]:  # fmt: skip
        """Runs a command and returns (status, standard output). Status 124 says that it ran out of time."""
        self.start()
        status, output, errors = self.container.run(f"set -euo pipefail; {command}", timeout)
        self.logger.detail(f"{self.name}: {command}\n[status {status}]\n{output}{errors}")
        self.last_errors = errors
        return (status if check_return else -1), (output if check_output else "")

    def succeed(self, *commands: str, timeout: float | None = TIMEOUT) -> str:
        """Runs commands that must succeed; returns their joined output."""
        output = ""
        for command in commands:
            status, text = self.execute(command, timeout=timeout)
            if status != 0:
                raise RequestedAssertionFailed(
                    f"command `{command}` failed (exit code {status})\noutput: {text}\nerrors: {self.last_errors}"
                )
            output += text
        return output

    def fail(self, *commands: str, timeout: float | None = TIMEOUT) -> str:
        """Runs commands that must fail; returns their joined output."""
        output = ""
        for command in commands:
            status, text = self.execute(command, timeout=timeout)
            if status == 0:
                raise RequestedAssertionFailed(f"command `{command}` unexpectedly succeeded\noutput: {text}")
            output += text
        return output

    def retry(self, what: str, condition: Callable[[], bool], timeout: float) -> None:
        """Asks again and again until the condition holds."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() >= deadline:
                raise RequestedAssertionFailed(f"{self.name}: {what}: not within {timeout:g} s")
            time.sleep(POLL_SECONDS)

    def wait_until_succeeds(self, command: str, timeout: float = TIMEOUT) -> str:
        """Repeats a command until it succeeds; returns that run's output."""
        return self._repeat(command, timeout, lambda status: status == 0, "succeed")

    def wait_until_fails(self, command: str, timeout: float = TIMEOUT) -> str:
        """Repeats a command until it fails; returns that run's output."""
        return self._repeat(command, timeout, lambda status: status != 0, "fail")

    def _repeat(self, command: str, timeout: float, done: Callable[[int], bool], verb: str) -> str:
        began = time.monotonic()
        while True:
            status, output = self.execute(command, timeout=timeout)
            if done(status):
                self.logger.info(f"{self.name}: after {time.monotonic() - began:.1f} s {verb}s: {shorten(command)}")
                return output
            if time.monotonic() - began >= timeout:
                raise RequestedAssertionFailed(
                    f"{self.name}: `{command}` did not {verb} within {timeout:g} s; its last output:\n"
                    f"{output}{self.last_errors}"
                )
            time.sleep(POLL_SECONDS)

    def systemctl(self, query: str, user: str | None = None) -> tuple[int, str]:
        """systemctl with these arguments; (status, output)."""
        if user is not None:
            return self.execute(f"systemctl --user --machine={shlex.quote(user)}@ {query}")
        return self.execute(f"systemctl {query}")

    def get_unit_info(self, unit: str, user: str | None = None) -> dict[str, str]:
        """All properties of a unit."""
        status, lines = self.systemctl(f"--no-pager show {shlex.quote(unit)}", user)
        if status != 0:
            raise RequestedAssertionFailed(f"systemctl knows nothing of unit `{unit}` (exit code {status})")
        return dict(line.split("=", 1) for line in lines.splitlines() if "=" in line)

    def get_unit_property(self, unit: str, property: str, user: str | None = None) -> str:
        """One property of a unit."""
        return self.get_unit_info(unit, user)[property]

    def require_unit_state(self, unit: str, require_state: str = "active") -> None:
        """Demands the unit's ActiveState now."""
        state = self.get_unit_info(unit)["ActiveState"]
        if state != require_state:
            raise RequestedAssertionFailed(f"expected unit `{unit}` to be {require_state} but it is {state}")

    def wait_for_unit(self, unit: str, user: str | None = None, timeout: float = TIMEOUT) -> None:
        """Waits until the unit is active; at once an error when it is failed, or inactive with nothing queued."""

        def active() -> bool:
            info = self.get_unit_info(unit, user)
            state = info["ActiveState"]
            if state == "failed":
                journal = self.execute(f"journalctl --no-pager -n 20 -u {shlex.quote(unit)}")[1]
                raise RequestedAssertionFailed(f"unit `{unit}` reached state `{state}`\n{journal}")
            if state == "inactive" and self.systemctl("list-jobs --full", user)[1].startswith("No jobs running"):
                if self.get_unit_info(unit, user)["ActiveState"] == state:
                    raise RequestedAssertionFailed(f"unit `{unit}` is inactive and there are no pending jobs")
            return state == "active"

        self.retry(f"unit {unit} active", active, timeout)

    def start_job(self, unit: str, user: str | None = None) -> tuple[int, str]:
        """systemctl start."""
        return self.systemctl(f"start {shlex.quote(unit)}", user)

    def stop_job(self, unit: str, user: str | None = None) -> tuple[int, str]:
        """systemctl stop."""
        return self.systemctl(f"stop {shlex.quote(unit)}", user)

    def _port_answers(self, port: int, addr: str) -> bool:
        return self.container.run(f"exec 3<>/dev/tcp/{addr}/{int(port)}", timeout=5)[0] == 0

    def wait_for_open_port(self, port: int, addr: str = "localhost", timeout: float = TIMEOUT) -> None:
        """Waits until something accepts connections on the TCP port."""
        self.start()
        self.retry(f"port {port} open", lambda: self._port_answers(port, addr), timeout)

    def wait_for_closed_port(self, port: int, addr: str = "localhost", timeout: float = TIMEOUT) -> None:
        """Waits until nothing accepts connections on the TCP port."""
        self.start()
        self.retry(f"port {port} closed", lambda: not self._port_answers(port, addr), timeout)

    def wait_for_file(self, filename: str, timeout: float = TIMEOUT) -> None:
        """Waits until the file exists."""
        self.retry(f"file {filename}", lambda: self.execute(f"test -e {shlex.quote(filename)}")[0] == 0, timeout)

    def copy_from_host(self, source: str, target: str) -> None:
        """Copies a file or folder of the host into the machine."""
        self.start()
        path = pathlib.Path(source).resolve(strict=True)
        packed = subprocess.run(["tar", "-C", str(path.parent), "-c", path.name], check=True, capture_output=True)
        target = shlex.quote(target)
        unpack = (
            f"set -e; rm -rf {target}; mkdir -p $(dirname {target}); folder=$(mktemp -d); "
            f"tar -x --no-same-owner -C $folder; mv $folder/* {target}; rmdir $folder"
        )
        subprocess.run(self.container.enter("bash", "-c", unpack), input=packed.stdout, check=True)

    def copy_from_machine(self, source: str, target_dir: str = "") -> None:
        """Copies a file or folder of the machine below the folder of the test's log."""
        self.start()
        folder = pathlib.Path(self.logger.file.name).parent / target_dir
        folder.mkdir(parents=True, exist_ok=True)
        path = pathlib.PurePosixPath(source)
        pack = self.container.enter("tar", "-C", str(path.parent), "-c", path.name)
        packed = subprocess.run(pack, check=True, capture_output=True)
        subprocess.run(["tar", "-x", "--no-same-owner", "-C", str(folder)], input=packed.stdout, check=True)


def shorten(command: str, width: int = 100) -> str:
    """The command in one line."""
    flat = " ".join(command.split())
    return flat if len(flat) <= width else f"{flat[: width - 3]}..."
