"""The edge: HTTP, sign-in, settings and the command line."""
