"""Webhooks: tells the gestionale when an id expires or is revoked. A row for each event, and a worker that makes the calls.

The pages are in sessions/preferences.

Source: Standard Webhooks (standardwebhooks.com), signature v1.
"""
