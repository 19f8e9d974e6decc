"""When a pharmacy is there to read, and when it is written to: week, nights, openings, moments (pure arithmetic), and the pages."""
