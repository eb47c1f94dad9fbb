"""A realm on the server as files."""
