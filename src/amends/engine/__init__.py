"""The engine: DuckDB with a memory limit and a spill folder; one SQL source, each statement with its declared columns."""

from amends.engine.duck import Engine, open_engine
from amends.engine.query import Query, Table

__all__ = ["Engine", "Query", "Table", "open_engine"]
