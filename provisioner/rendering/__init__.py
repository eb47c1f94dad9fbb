"""Plans and outcomes as text, JSON and Markdown, and plan files."""
