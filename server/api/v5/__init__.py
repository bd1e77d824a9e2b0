"""The API with AppID and AppKey (API-1, API-3): POST /v5/tlssmssvr/<path> (domain.md 2)."""
