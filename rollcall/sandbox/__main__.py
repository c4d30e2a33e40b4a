"""Run a sandbox as a process: `python -m rollcall.sandbox --folder DIR --seed N --plan demo`."""

import argparse
from pathlib import Path
from typing import get_args

from rollcall.sandbox.plan import PlanName, make_plan
from rollcall.sandbox.servers import run_sandbox


def main() -> None:
    """Run the sandbox that the command line describes, until SIGTERM or Ctrl+C."""
    parser = argparse.ArgumentParser(prog="python -m rollcall.sandbox", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where it writes its files")
    parser.add_argument("--seed", type=int, default=1, help="what faults are drawn from")
    parser.add_argument("--plan", choices=get_args(PlanName), default="demo", help="what to run")
    parser.add_argument(
        "--receipts", action="store_true", help="write routes that ask for receipts, if any come"
    )
    arguments = parser.parse_args()
    plan = make_plan(arguments.plan, arguments.seed)
    run_sandbox(plan, arguments.folder, awaits_receipts=arguments.receipts)


if __name__ == "__main__":
    main()
