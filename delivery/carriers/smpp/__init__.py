"""SMPP 3.4: a carrier of our own session and codec."""
