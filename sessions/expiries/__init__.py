"""The calendar of expiries: a private address that a calendar program reads, and the page that gives it."""
