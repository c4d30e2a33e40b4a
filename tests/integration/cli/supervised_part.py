"""A part for tests of the supervisor: `supervised_part.py FOLDER WAY`.

Writes its number, and whom it leaves behind, to FOLDER; then does as WAY says: `steady` ends on
SIGTERM, `stubborn` does not, `fragile` ends by itself the first time, `wrong` says that a setting
is wrong, `parent` leaves a process behind that has a session of its own.
"""

import signal
import subprocess
import sys
from pathlib import Path


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
    (folder / "ready").touch()
    if way == "fragile" and (folder / "starts").read_text().count("start") == 1:
        sys.exit(1)
    signal.pause()


if __name__ == "__main__":
    main()
