"""Files that tables are written into."""
