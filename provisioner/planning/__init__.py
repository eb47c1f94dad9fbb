"""The desired and the observed state to changes, and the application of these changes."""
