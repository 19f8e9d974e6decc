"""A day of Italy on this machine (`manage.py simulate_day`): the portal's own processes, on servers that nobody else uses."""
