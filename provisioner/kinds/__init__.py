"""The kinds of resources, one module per family: how they are declared in files, read and written."""
