"""One Debian machine in QEMU, with a kernel of its own: power cuts, reboots, clocks, control groups. No KVM is needed."""

import base64
import contextlib
import json
import os
import pathlib
import platform
import random
import shlex
import shutil
import socket
import subprocess
import time
import uuid

import disk
import host
import launch
import nspawn
import roots
import state

# Without KVM a machine is some ten times slower than its host.
BOOT_SECONDS = 400
STOP_SECONDS = 300
# With KVM the first command is answered after some three seconds.
KVM_SECONDS = 20
# As the NixOS driver's machines have, see ../on-nixos.nix.
MEMORY_MIB = 3072
PROCESSORS = 2
ROOT_SIZE = "6G"
PACKAGES = ["initramfs-tools", "kmod", "linux-image-cloud-amd64", "udev", "zstd"]
READY = b"ready"
# Runs what comes over the second console: a command in base64 a line. It answers with the status, the output and the
# errors, each of the two followed by a minus so that an empty one is a word too.
COMMANDS = r"""#!/bin/bash
exec < /dev/hvc0 > /dev/hvc0 2> /dev/null
stty raw -echo
echo ready
while read -r line; do
  command=$(base64 -d <<< "$line")
  output=$(mktemp /run/commands.XXXXXX) errors=$(mktemp /run/commands.XXXXXX)
  env -i --chdir=/ PATH="$PATH" HOME=/root LANG=C.UTF-8 TERM=dumb bash -c "$command" > "$output" 2> "$errors" < /dev/null
  echo "$? $(base64 -w 0 "$output")- $(base64 -w 0 "$errors")-"
  rm -f "$output" "$errors"
done
"""
UNIT = f"""[Unit]
Description=Runs the commands of a test
DefaultDependencies=no
After=systemd-tmpfiles-setup.service
[Service]
ExecStart=/usr/local/bin/test-commands
Environment=PATH={nspawn.PATH}
KillSignal=SIGHUP
# A soft reboot ends its process, and systemd takes it for one that runs on.
Restart=always
"""


class Unfit(Exception):
    """This host cannot have such a machine; the message says why."""


class Machine:
    """A machine by its folder, with the words of nspawn.Machine, and those that only a kernel of one's own has."""

    def __init__(self, home: pathlib.Path, disks: list[int], loses: bool, chance: random.Random):
        self.home, self.disks, self.loses, self.chance = home, disks, loses, chance
        self.log = home / "console.log"
        self.qemu: subprocess.Popen | None = None
        self.socket: socket.socket | None = None
        # Whether the commands of the present boot have answered.
        self.connected = False
        # Where in the console's file the present start begins.
        self.log_began = 0
        # What the newest power cut took.
        self.lost: str | None = None

    @classmethod
    def create(cls, label: str, described: dict, base: pathlib.Path, programs: dict[str, pathlib.Path],
               folders: dict[str, pathlib.Path], told: dict, seed: int) -> "Machine":  # fmt: skip
        """A new machine with a disk of its own, not yet started. What the test's arguments tell of it: `disks` that it
        has besides, each of so many MiB; with `loses`, a power cut takes writes that were not flushed, as `seed` says."""
        if platform.machine() != "x86_64":
            raise Unfit(f"a machine with a kernel of its own is made for x86_64, and this is {platform.machine()}")
        host.bring("qemu-system-x86_64", "mke2fs")
        home = state.folder() / "machines" / f"homeostat-{label}-{uuid.uuid4().hex[:8]}"
        state.mark(home)
        home.chmod(0o700)
        machine = cls(home, told.get("disks", []), told.get("loses", False), random.Random(seed))
        tree = home / "root"
        copy(base, tree)
        launch.dress(tree, {"settings": described, "programs": programs, "hostname": "machine"})
        for place, folder in folders.items():
            copy(folder, tree / place.lstrip("/"))
        copy(root() / "usr/lib/modules", tree / "usr/lib/modules")
        take_commands(tree)
        disk.make(tree, home / "disk", ROOT_SIZE)
        shutil.rmtree(tree)
        for number, mib in enumerate(machine.disks):
            with (home / f"disk-{number}").open("wb") as image:
                image.truncate(mib << 20)
        return machine

    @property
    def name(self) -> str:
        """The machine's name."""
        return self.home.name

    def start(self, outlive: bool = False) -> None:
        """Boots, and returns when systemd has finished its start. KVM is used where a boot with it answers: on some hosts
        /dev/kvm is there, and a machine that uses it hangs or ends."""
        del outlive
        if self.loses:
            disk.copy(self.home / "disk", self.home / "disk-before")
        if may_use_kvm():
            answers = False
            with contextlib.suppress(state.Refused):
                # QEMU may hang, or end at once.
                self._launch(["-accel", "kvm", "-cpu", "host"])
                answers = self._answers(KVM_SECONDS)
            if answers:
                return self._await_boot()
            self._kill()
            unusable_kvm().write_text(boot_id())
            if self.loses:
                disk.copy(self.home / "disk-before", self.home / "disk")
        self._launch(["-accel", "tcg,thread=multi,tb-size=1024", "-cpu", "max"])
        self.connect()

    def _launch(self, accelerator: list[str]) -> None:
        """Starts QEMU."""
        tree = root()
        version = next((tree / "usr/lib/modules").iterdir()).name
        # Without a udev that tells of the console, systemd would wait for it.
        line = "root=/dev/vda rw console=ttyS0 loglevel=4 systemd.getty_auto=no"
        door = self.home / "door"
        door.unlink(missing_ok=True)
        call = ["qemu-system-x86_64", *accelerator, "-smp", str(PROCESSORS), "-m", str(MEMORY_MIB),
                "-nodefaults", "-display", "none", "-rtc", "base=utc",
                "-kernel", str(tree / "boot" / f"vmlinuz-{version}"), "-initrd", str(tree / "boot" / f"initrd.img-{version}"),
                "-append", line, *self._root_disk(),
                "-chardev", f"file,id=console,path={self.log},append=on", "-serial", "chardev:console",
                "-device", "virtio-serial", "-chardev", f"socket,id=door,path={door},server=on,wait=off",
                "-device", "virtconsole,chardev=door"]  # fmt: skip
        for number, _ in enumerate(self.disks):
            call += ["-drive", f"file={self.home / f'disk-{number}'},if=virtio,format=raw,discard=unmap"]
        with (self.home / "qemu.log").open("ab") as out:
            self.qemu = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *call], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        noted = {"supervisor": [self.qemu.pid, nspawn.started(self.qemu.pid)]}
        (self.home / "running.json").write_text(json.dumps(noted))
        self.connected = False
        self.log_began = self.log.stat().st_size if self.log.exists() else 0
        self.answers = b""
        self.socket = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + KVM_SECONDS
        while self.socket.connect_ex(str(door)) != 0:
            if self.qemu.poll() is not None or time.monotonic() > deadline:
                self._kill()
                raise state.Refused(f"QEMU did not start:\n{(self.home / 'qemu.log').read_text(errors='replace')}")
            time.sleep(0.05)

    def _root_disk(self) -> list[str]:
        """The words for the disk that the machine starts from; all disks survive QEMU's end as far as the guest wrote."""
        image = self.home / "disk"
        if not self.loses:
            return ["-drive", f"file={image},if=virtio,format=raw,discard=unmap"]
        log = self.home / "writes"
        log.write_bytes(b"")
        nodes = [
            {"driver": "raw", "node-name": "disk", "file": {"driver": "file", "filename": str(image)}},
            {"driver": "raw", "node-name": "writes", "file": {"driver": "file", "filename": str(log)}},
            {"driver": "blklogwrites", "node-name": "logged", "file": "disk", "log": "writes", "log-sector-size": disk.SECTOR},
        ]
        return [*(word for node in nodes for word in ("-blockdev", json.dumps(node))), "-device", "virtio-blk-pci,drive=logged"]

    def _answers(self, seconds: float) -> bool:
        """Whether the machine says within that time that it takes commands."""
        with contextlib.suppress(OSError, TimeoutError):
            while self._line(seconds) != READY:
                pass
            return True
        return False

    def _line(self, seconds: float | None) -> bytes:
        """The next line that the machine sends."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while b"\n" not in self.answers:
            self.socket.settimeout(None if deadline is None else max(0.01, deadline - time.monotonic()))
            more = self.socket.recv(1 << 16)
            if not more:
                raise ConnectionResetError
            self.answers += more
        line, _, self.answers = self.answers.partition(b"\n")
        return line.strip()

    def connect(self) -> None:
        """Waits until the machine takes commands, after a start or a reboot, and systemd has finished its start."""
        if not self._answers(BOOT_SECONDS):
            raise state.Refused(f"the machine did not start:\n{self.console()}")
        self._await_boot()

    def _await_boot(self) -> None:
        """Waits until systemd says that it is done, well or with failed units."""
        self.connected = True
        self.run("systemctl is-system-running --wait", timeout=BOOT_SECONDS)

    def console(self, lines: int = 25) -> str:
        """The end of what the machine wrote on its console."""
        return "\n".join(self.console_text().splitlines()[-lines:])

    def console_text(self) -> str:
        """All that the machine wrote on its console since its start."""
        return self.log.read_bytes()[self.log_began :].decode(errors="replace") if self.log.exists() else ""

    def process(self, role: str) -> int | None:
        """QEMU's id while it runs, whatever the role."""
        del role
        return self.qemu.pid if self.qemu and self.qemu.poll() is None else None

    def run(self, script: str, timeout: float | None = None) -> tuple[int, str, str]:
        """Status, output and error output of a bash script inside. Out of time is status 124, as timeout(1) has it."""
        if not self.connected:
            self.connect()
        if timeout:
            script = f"timeout --kill-after=5 {timeout:.3f} bash -c {shlex.quote(script)}"
        try:
            self.socket.sendall(base64.b64encode(script.encode()) + b"\n")
            line = self._line(timeout and timeout + BOOT_SECONDS)
        except OSError:
            raise state.Refused(f"{self.name} does not answer:\n{self.console()}") from None
        if line == READY:
            raise state.Refused(f"{self.name} was booted again while it ran: {script}\n{self.console()}")
        status, *texts = line.split()
        output, errors = (base64.b64decode(text[:-1]).decode(errors="replace") for text in texts)
        return int(status), output, errors

    def enter(self, *command: str) -> list[str]:
        """There is no way in but the commands."""
        raise state.Refused(f"{self.name} has a kernel of its own: no file goes in or out, and `{command[0]}` cannot be run in it")

    def reboot(self) -> None:
        """Asks systemd for a reboot. The next command waits for the new boot."""
        self.run("systemctl --no-block reboot")
        self.connected = False

    def stop(self, kill: bool = False) -> None:
        """Powers off. With `kill` the power is cut: what the guest had not written is lost, and with `loses` what it had
        not flushed is too."""
        if self.process("leader") is None:
            return
        if not kill:
            with contextlib.suppress(state.Refused):
                self.run("systemctl --no-block poweroff", timeout=STOP_SECONDS)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.qemu.wait(STOP_SECONDS)
                    return
        self._kill()
        if kill and self.loses:
            self.lost = disk.cut(self.home / "disk-before", self.home / "writes", self.home / "disk", self.chance)

    def _kill(self) -> None:
        """Ends QEMU at once."""
        self.socket.close()
        self.qemu.kill()
        self.qemu.wait()

    def remove(self) -> None:
        """Removes the folder of a machine that has ended."""
        state.remove(self.home)


def root() -> pathlib.Path:
    """The root whose kernel and initial RAM disk the machines start with."""
    host.bring("mmdebstrap")
    return roots.build("kernel", PACKAGES, [])


def take_commands(tree: pathlib.Path) -> None:
    """Puts the unit into a tree that runs the test's commands."""
    program = tree / "usr/local/bin/test-commands"
    program.write_text(COMMANDS)
    program.chmod(0o755)
    units = tree / "etc/systemd/system"
    (units / "test-commands.service").write_text(UNIT)
    wants = units / "sysinit.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / "test-commands.service").symlink_to("../test-commands.service")


def copy(source: pathlib.Path, target: pathlib.Path) -> None:
    """A copy of a folder, with all that a file system keeps, as `target` itself."""
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "--archive", "--reflink=auto", f"{source}/.", str(target)], check=True)


def boot_id() -> str:
    """The id of this host's boot."""
    return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text()


def unusable_kvm() -> pathlib.Path:
    """The file that says in which boot of this host no machine answered with KVM."""
    return state.folder() / "unusable-kvm"


def may_use_kvm() -> bool:
    """Whether KVM is there and was not seen to hang in this boot of the host."""
    seen = unusable_kvm()
    return os.access("/dev/kvm", os.R_OK | os.W_OK) and not (seen.exists() and seen.read_text() == boot_id())
