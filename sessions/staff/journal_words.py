"""What the timeline says of the acts of the staff that are about no pharmacy."""

WORDS = {
    "context.added": "ha aggiunto il contesto {context}: {rules}",
    "context.changed": "ha modificato il contesto {context}: {changes}",
}
