"""Storage, tested."""
