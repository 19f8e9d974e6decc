"""What the timeline says of the acts of the staff that are about no pharmacy."""

WORDS = {"context.changed": "ha modificato il contesto {context}: {changes}"}
