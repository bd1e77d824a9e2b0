"""Recipient files: the form people fill in, and the checking of what they upload (BLK-2, BLK-3)."""
