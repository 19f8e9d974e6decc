"""When a pharmacy is there to read, and when it is written to: week, nights, openings, moments. Pure arithmetic; the pages are in sessions/preferences."""
