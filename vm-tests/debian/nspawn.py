"""One Debian machine in systemd-nspawn: start it, run commands in it, end it."""

import json
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import time
import uuid

import state

HERE = pathlib.Path(__file__).resolve().parent
BOOT_SECONDS = 120
STOP_SECONDS = 90
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What systemd takes as "power off in good order".
SIGPOWEROFF = signal.SIGRTMIN + 4


class Machine:
    """A machine by its folder `home`, which holds machine.json (what it is) and running.json (its processes)."""

    def __init__(self, home: pathlib.Path):
        self.home = home
        self.log = home / "console.log"

    @classmethod
    def create(cls, label: str, settings: dict | None, base: pathlib.Path, programs: dict[str, pathlib.Path],
               network: str, hostname: str = "homeostat",
               folders: dict[str, pathlib.Path] | None = None) -> "Machine":  # fmt: skip
        """A new machine, not yet started. `programs` go to its /usr/local/bin by name, `folders` of the host appear
        in it, for reading, in their places. `network` is private, or host to share the host's."""
        # systemd-nspawn of Debian 13 refuses a name for as long as a dead machine's leftovers hold it.
        name = f"homeostat-{label}-{uuid.uuid4().hex[:8]}"
        home = state.folder() / "machines" / name
        state.mark(home)
        # What lies in the machine is for root, as it is inside.
        home.chmod(0o700)
        spec = {"name": name, "hostname": hostname, "base": str(base), "network": network, "settings": settings,
                "programs": {key: str(path) for key, path in programs.items()},
                "readable": [bind(path, place) for place, path in (folders or {}).items()]}  # fmt: skip
        (home / "machine.json").write_text(json.dumps(spec))
        return cls(home)

    @property
    def name(self) -> str:
        """The machine's name as systemd-nspawn knows it."""
        return self.home.name

    def spec(self) -> dict:
        """What the machine was made from."""
        return json.loads((self.home / "machine.json").read_text())

    def start(self, outlive: bool = False) -> None:
        """Boots, and returns when systemd has finished its start. With `outlive` it stays when this process ends."""
        call = self._launch(outlive)
        with self.log.open("wb") as out:
            supervisor = subprocess.Popen(call, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          start_new_session=True)  # fmt: skip
        self._note(supervisor=supervisor.pid)
        deadline = time.monotonic() + BOOT_SECONDS
        while (leader := find_leader(supervisor.pid)) is None or not self._note(supervisor.pid, leader):
            if supervisor.poll() is not None or time.monotonic() > deadline:
                raise state.Refused(f"the machine did not start:\n{self.console()}")
            time.sleep(0.05)
        self._await_boot(deadline, supervisor)

    def _launch(self, outlive: bool, *command: str) -> list[str]:
        """The call that becomes the machine's supervisor."""
        call = ["unshare", "--mount", "--propagation", "private", sys.executable, str(HERE / "launch.py"),
                str(self.home), *command]  # fmt: skip
        if not outlive:
            call = ["setpriv", "--pdeathsig", "TERM", *call]
        # Where systemd rules the host, the machine's cgroups need a place that is delegated to it.
        if pathlib.Path("/run/systemd/system").is_dir():
            call = ["systemd-run", "--scope", "--quiet", "--collect", "--property=Delegate=yes",
                    f"--unit={self.name}", *call]  # fmt: skip
        return call

    def once(self, command: list[str], writable: list[str] | None = None, readable: list[str] | None = None) -> int:
        """Runs one command in the machine's tree without booting it, its output on ours; returns its status.
        The named folders of the host appear inside under their own paths."""
        spec = self.spec()
        spec |= {"writable": writable or [], "readable": spec["readable"] + (readable or [])}
        (self.home / "machine.json").write_text(json.dumps(spec))
        status = subprocess.run(self._launch(False, *command), stdin=subprocess.DEVNULL).returncode
        sweep(self.name)
        return status

    def _await_boot(self, deadline: float, supervisor: subprocess.Popen) -> None:
        """Waits until systemd says that it is done, well or with failed units."""
        while time.monotonic() < deadline:
            if supervisor.poll() is not None:
                raise state.Refused(f"the machine ended while it booted:\n{self.console()}")
            left = max(1, deadline - time.monotonic())
            status, output, _ = self.run("systemctl is-system-running --wait", timeout=left)
            if output.strip() in ("running", "degraded"):
                return
            # Until systemd listens, the call returns at once with nothing to say.
            time.sleep(0.05)
        raise state.Refused(f"the machine did not finish its start in {BOOT_SECONDS} s:\n{self.console()}")

    def console(self, lines: int = 25) -> str:
        """The end of what the machine wrote on its console."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _note(self, supervisor: int, leader: int | None = None) -> bool:
        """Keeps the processes with their start times, so that a later `down` cannot hit a stranger with the same id."""
        numbers = {"supervisor": supervisor, "leader": leader}
        noted = {role: [pid, started(pid)] for role, pid in numbers.items() if pid}
        (self.home / "running.json").write_text(json.dumps(noted))
        return True

    def process(self, role: str) -> int | None:
        """The id of the `leader` or the `supervisor` while it is alive."""
        path = self.home / "running.json"
        try:
            pid, since = json.loads(path.read_text())[role]
        except (FileNotFoundError, KeyError, ValueError):
            return None
        return pid if since is not None and started(pid) == since else None

    def enter(self, *command: str) -> list[str]:
        """The call that runs a command inside, as root, with an environment of its own, and with no capability that the
        machine itself does not have: whoever may set a clock in there sets the host's."""
        leader = self.process("leader")
        if leader is None:
            raise state.Refused(f"{self.name} does not run")
        return ["setpriv", f"--bounding-set={bounds(leader)}", f"--inh-caps={bounds(leader)}", "nsenter", f"--target={leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root",
                "env", "-i", "--chdir=/", f"PATH={PATH}", "HOME=/root", "LANG=C.UTF-8",
                f"TERM={os.environ.get('TERM', 'dumb')}", *command]  # fmt: skip

    def run(self, script: str, timeout: float | None = None) -> tuple[int, str, str]:
        """Status, output and error output of a bash script inside. Out of time is status 124, as timeout(1) has it."""
        limit = ["timeout", "--kill-after=5", f"{timeout:.3f}"] if timeout else []
        call = self.enter(*limit, "bash", "-c", script)
        done = subprocess.run(call, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        return done.returncode, done.stdout, done.stderr

    def put(self, source: pathlib.Path, target: str) -> None:
        """Copies a program into the running machine; it appears there when it is whole."""
        script = 'cat > "$1.new" && chmod 0755 "$1.new" && mv "$1.new" "$1"'
        with source.open("rb") as file:
            subprocess.run(self.enter("bash", "-c", script, "put", target), stdin=file, check=True)

    def stop(self, kill: bool = False) -> None:
        """Ends the machine by its leader and awaits the end of both processes. With `kill`, as a power cut would."""
        leader, supervisor = self.process("leader"), self.process("supervisor")
        if leader:
            # The leader's end is the supervisor's; to end the supervisor first can orphan what runs inside.
            os.kill(leader, signal.SIGKILL if kill else SIGPOWEROFF)
            if not ended(leader, STOP_SECONDS):
                os.kill(leader, signal.SIGKILL)
                ended(leader, STOP_SECONDS)
        elif supervisor:
            os.kill(supervisor, signal.SIGTERM)
        if supervisor and not ended(supervisor, STOP_SECONDS):
            raise state.Refused(f"process {supervisor} (systemd-nspawn of {self.name}) does not end; look at it")
        (self.home / "running.json").unlink(missing_ok=True)
        sweep(self.name)

    def remove(self) -> None:
        """Removes the folder of a machine that has ended."""
        if self.process("supervisor") or self.process("leader"):
            raise state.Refused(f"{self.name} still runs; stop it first")
        state.remove(self.home)


def bounds(pid: int) -> str:
    """The capabilities that a process and what it starts can ever have, in setpriv's words; proc(5), status."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    mask = int(re.search(r"^CapBnd:\s*([0-9a-f]+)$", status, re.MULTILINE)[1], 16)
    return ",".join(["-all", *(f"+cap_{number}" for number in range(mask.bit_length()) if mask >> number & 1)])


def bind(path: pathlib.Path, place: str) -> str:
    """A folder of the host and its place in a machine, as systemd-nspawn takes them."""
    return ":".join(part.replace("\\", "\\\\").replace(":", "\\:") for part in (str(path), place))


def own_cgroup(name: str) -> pathlib.Path | None:
    """The control group for a machine of this name. Two machines that shared one would kill each other's units. None
    where systemd rules the host, for there the machine's scope is its group."""
    if pathlib.Path("/run/systemd/system").is_dir():
        return None
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        place, _, kind = line.partition(" - ")
        if kind.startswith("cgroup2 "):
            return pathlib.Path(place.split()[4]) / name
    return None


def sweep(name: str) -> None:
    """systemd-nspawn leaves folders, and on Debian 13 a mount, under the machine's name in the host's /run."""
    group = own_cgroup(name)
    if group is not None and group.is_dir():
        for folder in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
            folder.rmdir()
        group.rmdir()
    for kind in ("unix-export", "propagate"):
        left = pathlib.Path("/run/systemd/nspawn") / kind / name
        if str(left) in state.mounts_below(left):
            subprocess.run(["umount", str(left)], check=False)
        if left.is_dir():
            left.rmdir()


def stat_fields(pid: int) -> list[str] | None:
    """/proc/PID/stat after the command's name, or None when the process is gone or a zombie (proc(5))."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields


def started(pid: int) -> str | None:
    """When the process began, in ticks since boot with the boot's id: an id that cannot repeat."""
    fields = stat_fields(pid)
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}/{fields[19]}" if fields else None


def find_leader(supervisor: int) -> int | None:
    """PID 1 of the machine: the supervisor's descendant that is number 1 in its own PID namespace."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := stat_fields(int(entry.name))):
            parents[int(entry.name)] = int(fields[1])
    for pid in parents:
        ancestor = pid
        while ancestor in parents and ancestor != supervisor:
            ancestor = parents[ancestor]
        if ancestor == supervisor and pid != supervisor and is_first(pid):
            return pid
    return None


def is_first(pid: int) -> bool:
    """Whether the process is number 1 of a nested PID namespace and has become systemd."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    return fields["NSpid"].split()[-1] == "1" and fields["Name"] == "systemd"


def ended(pid: int, seconds: float) -> bool:
    """Waits until the process has ended; False when it has not in time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(handle)
