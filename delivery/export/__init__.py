"""Writing tables as files that people open and programs read (STA-6, STA-8)."""
