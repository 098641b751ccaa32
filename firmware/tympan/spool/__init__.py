"""The spool: what was accepted survives a power cut. Jobs in SQLite, documents in the database or in files."""
