"""What becomes of the ids, told to the gestionale by http: events (rows with their cause), calls (made by a worker). The pages are in sessions/preferences.

Source: Standard Webhooks (standardwebhooks.com), signature v1.
"""
