"""What the long-running commands ask of the system before their loop runs."""

import subprocess
import sys

SCRIPT = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, {hard}))
from node.event_loop import run_event_loop

async def main():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]

print(run_event_loop(main()))
"""


def test_files_are_allowed_up_to_what_the_system_gives() -> None:
    script = SCRIPT.format(hard=512)
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert int(found) == 512
