"""The gate: decides, for every dispensed prescription, whether a call of a gestionale passes."""
