"""A part for tests of the supervisor: `supervised_part.py FOLDER WAY`.

Writes its number, and whom it leaves behind, to FOLDER; then does as WAY says: `steady` ends on
SIGTERM, `stubborn` does not, `fragile` ends by itself the first time, `wrong` says that a setting
is wrong, `parent` leaves a process behind that has a session of its own, `busy` one that, told to
end, first finishes what it does: until FOLDER/finish is there, when it writes FOLDER/finished; it
dies by itself the first time.
"""

import signal
import subprocess
import sys
from pathlib import Path

BUSY = """
import signal, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
signal.signal(signal.SIGTERM, lambda *_: (folder / "told").touch())
(folder / "child").write_text("")
print(flush=True)
give_up_at = time.monotonic() + 90
while not (folder / "finish").exists() and time.monotonic() < give_up_at:
    time.sleep(0.02)
(folder / "finished").touch()
"""


def main() -> None:
    """Do as the command line says."""
    folder, way = Path(sys.argv[1]), sys.argv[2]
    with (folder / "starts").open("a") as starts:
        starts.write("start\n")
    if way == "wrong":
        print("the setting is wrong")  # noqa: T201 - a part's own line
        sys.exit(2)
    if way == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if way == "parent":
        sleeper = [sys.executable, "-c", "import signal; signal.pause()"]
        child = subprocess.Popen(sleeper, start_new_session=True)
        (folder / "child").write_text(str(child.pid))
    if way == "busy" and (folder / "starts").read_text().count("start") == 1:
        worker = [sys.executable, "-c", BUSY, str(folder)]
        busy = subprocess.Popen(worker, start_new_session=True, stdout=subprocess.PIPE)
        if busy.stdout is not None:
            busy.stdout.readline()  # it is deaf to SIGTERM by now
        sys.exit(1)
    (folder / "ready").touch()
    if way == "fragile" and (folder / "starts").read_text().count("start") == 1:
        sys.exit(1)
    signal.pause()


if __name__ == "__main__":
    main()
