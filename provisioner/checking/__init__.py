"""Problems of a realm that no file can show."""
