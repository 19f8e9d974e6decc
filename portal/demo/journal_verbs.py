"""Sentences of the journal about the clock of the demonstration and of a test environment."""

WORDS = {"clock.moved": "ha portato avanti di {step} l’orologio del portale: {to}"}
