"""The data model: states, changes and comparison rules. No file, no server."""
