"""The A2F web service: what a gestionale calls to ask for an ID-SESSIONE, to revoke it and to ask about it."""
