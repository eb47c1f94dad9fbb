"""Settings of the property-based tests."""

from hypothesis import settings

# A busy machine is no failure of the code.
settings.register_profile("attache", deadline=None)
settings.load_profile("attache")
