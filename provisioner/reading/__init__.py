"""Files to checked documents: find, parse, fill in variables, check against the tables of keys."""
