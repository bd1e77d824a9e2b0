"""The long work, tested."""
