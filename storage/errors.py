"""What can go wrong with remembering; each class tells the operator or the caller what to do.

StorageError
 ├── DatabaseUnreachable   the server or file cannot be opened
 ├── DatabaseAbsent        there is no database file yet: run `zhike migrate`
 ├── SchemaTooOld          run `zhike migrate`
 ├── SchemaTooNew          the database was migrated by a newer Zhike: update the program
 ├── DatabaseInUse         another process serves on this SQLite file
 ├── LeaseLost             another holder took over: drop what was done, it was not written
 └── OutOfScope            it is not there for who asks: nothing was written
"""

from __future__ import annotations


class StorageError(Exception):
    """Remembering failed; the sentence says what to do."""


class DatabaseUnreachable(StorageError):
    """The database cannot be opened."""


class DatabaseAbsent(StorageError):
    """The SQLite file is not there; run `zhike migrate`."""


class SchemaTooOld(StorageError):
    """The database lacks migrations; run `zhike migrate`."""


class SchemaTooNew(StorageError):
    """The database was migrated by a newer version of Zhike; update the program."""


class DatabaseInUse(StorageError):
    """Another process serves on this SQLite file; stop it, or use PostgreSQL for several processes."""


class LeaseLost(StorageError):
    """The lease ended and another holder took over; nothing was written."""


class OutOfScope(StorageError):
    """What is to be changed does not exist, or lies outside of the scope of who asks; nothing was written."""
