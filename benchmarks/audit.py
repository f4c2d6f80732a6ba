"""How long it takes to verify an audit log, and to write one row of it with full durability.

    python benchmarks/audit.py
    python benchmarks/audit.py --rows 1000000

Rows are made up, in four chains. Beside the figure stands what was asked of it: 1,000,000 rows within 5 seconds.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import insert

HERE = Path(__file__).resolve().parent
sys.path = [one for one in sys.path if Path(one or ".").resolve() != HERE]  # service.py beside this is no package

from service.audit import AUDIT, AuditLog, Entry  # noqa: E402
from service.chain import BEFORE_ALL, digest_of, verify  # noqa: E402

ENTRY = Entry("somebody", "clinician", "lookup", "TREAT", "f" * 64, "found", "r" * 36, "0123456789ab")
ASKED = 5.0  # seconds
CHAINS, AT_ONCE, ALONE = 4, 50_000, 500


def made(rows):
    """Yield rows of chains as the log writes them."""
    for chain in range(CHAINS):
        last = BEFORE_ALL
        for nth in range(1, rows // CHAINS + 1):
            row = asdict(ENTRY) | {"at": "2026-11-27T09:12:03.120+00:00", "chain": f"{chain:032}", "nth": nth}
            last = row["digest"] = digest_of(last, row)
            yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = AuditLog(f"sqlite:///{Path(folder) / 'service.db'}")
        started = time.perf_counter()
        for _ in range(ALONE):
            log.record(ENTRY)
        print(f"one row, committed and flushed: {(time.perf_counter() - started) / ALONE * 1e6:.0f} us")
        rows = list(made(asked.rows))
        with log.engine.begin() as connection:
            for at in range(0, len(rows), AT_ONCE):
                connection.execute(insert(AUDIT), rows[at : at + AT_ONCE])
        seconds, cpu = time.perf_counter(), time.process_time()
        found = verify(log.engine, AUDIT)
        seconds, cpu = time.perf_counter() - seconds, time.process_time() - cpu
        verdict = "holds" if seconds <= ASKED else "does not hold"
        print(f"{found.rows:,} rows in {len(found.heads)} chains verified: {seconds:.1f} s, {cpu:.1f} CPU-s", end="")
        print(f"  [1,000,000 within {ASKED:.0f} s] {verdict}" if asked.rows == 1_000_000 else "")
        log.close()


if __name__ == "__main__":
    main()
