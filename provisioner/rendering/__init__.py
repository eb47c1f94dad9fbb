"""A plan and its outcome as text, JSON, Markdown and as a plan file."""
