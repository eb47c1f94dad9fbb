"""From the desired and the observed state to changes, and from changes to their application."""
