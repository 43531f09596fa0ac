"""What is committed can be read anywhere: no path of one machine, no registry's host."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Taken apart, so that this file does not name them either.
MACHINE_PATHS = ("/" + "work/", "/" + "root/", "/home" + "/runner")
HOSTS = ("py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js.org", "deb.debian" + ".org")


def test_no_committed_file_names_a_machines_path_or_a_registry() -> None:
    forbidden = re.compile("|".join(re.escape(name) for name in MACHINE_PATHS + HOSTS).encode())
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    files = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    assert not [str(file) for file in files if file.is_file() and forbidden.search(file.read_bytes())]
