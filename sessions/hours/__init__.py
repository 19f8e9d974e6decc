"""Opening hours, holidays, closures, duties, and the moments of the reminders. Pure arithmetic; the pages are in sessions/preferences."""
