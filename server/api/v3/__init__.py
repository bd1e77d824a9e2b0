"""The server API with SecretId and SecretKey (API-2, API-3): POST / with X-TC-Action."""
