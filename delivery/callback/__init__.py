"""Pushing receipts and replies to URLs of users (CFG-2, RPL-1)."""
