"""How many schemata one statement may read: a share of PostgreSQL's lock table.

Each table read is locked with all its indexes, one lock each, until the transaction ends:
https://www.postgresql.org/docs/current/runtime-config-locks.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from boardinghouse import ddl
from boardinghouse.exceptions import LockBudgetExceeded
from boardinghouse.names import TEMPLATE, quote

#: So many statements fit the lock table at once: ours, and those of four others.
SHARES = 5

#: Up to so many schemata nobody is asked: they fit with 59 indexes to a table.
FEW = 16


@dataclass(frozen=True)
class Room:
    """What one statement on a table may lock."""

    locks: int
    locks_each: int

    @property
    def schemata(self) -> int:
        return max(1, self.locks // self.locks_each)

    def refuse(self, label: str, wanted: int, advice: str) -> NoReturn:
        raise LockBudgetExceeded(
            f"{label}: reading {wanted} schemata in one statement takes "
            f"{wanted * self.locks_each} locks. A statement's share of PostgreSQL's lock table is "
            f"{self.locks}, which is {self.schemata} schemata. {advice}, or read fewer schemata, "
            "or raise max_locks_per_transaction in postgresql.conf."
        )


def measure_room(connection: Any, table: str) -> Room:
    """Ask how much a statement on this table may lock. Two round trips."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_index WHERE indrelid = to_regclass(%s)",
            [f"{quote(TEMPLATE)}.{quote(table)}"],
        )
        (indexes,) = cursor.fetchone()
    return Room(ddl.lock_budget(connection) // SHARES, 1 + indexes)


def is_in_transaction(connection: Any) -> bool:
    """Tell whether locks are kept beyond a statement."""
    return bool(connection.in_atomic_block or not connection.get_autocommit())
