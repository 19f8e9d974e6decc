"""Simulates a day of Italy on this machine (`python -m tests.day`): the portal's processes on servers of their own."""
