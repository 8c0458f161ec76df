"""A world with a known leak: raw logs as servers write them, tables, a case, and the truth that no other room reads."""

from amends.simulate.benchmark_events import BenchmarkEvents, simulate_events
from amends.simulate.variant import ATTACKERS, Variant
from amends.simulate.world import World, simulate

__all__ = ["ATTACKERS", "BenchmarkEvents", "Variant", "World", "simulate", "simulate_events"]
