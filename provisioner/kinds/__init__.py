"""One module per family of kinds: what files say of it, how the server is asked for it, and how it is written."""
