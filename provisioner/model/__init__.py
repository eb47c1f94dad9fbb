"""What is compared and what may change: states, changes, rules. No file, no server."""
