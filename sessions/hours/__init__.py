"""Opening hours, nights on duty, and the moments of the reminders. Pure arithmetic; the pages are in sessions/preferences."""
