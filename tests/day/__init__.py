"""A day of Italy on this machine (`python -m tests.day`): the portal's own processes, on servers that nobody else uses."""
