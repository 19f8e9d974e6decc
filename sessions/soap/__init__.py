"""The A2F web service: a gestionale calls it to request, revoke or check an ID-SESSIONE."""
