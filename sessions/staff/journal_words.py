"""What the timeline says of the acts of the staff that are about no pharmacy."""

WORDS = {
    "note.opened": "ha aperto una nota di assistenza",
    "note.closed": "ha chiuso una nota di assistenza",
    "context.added": "ha aggiunto il contesto {context}: {rules}",
    "context.changed": "ha modificato il contesto {context}: {changes}",
}
