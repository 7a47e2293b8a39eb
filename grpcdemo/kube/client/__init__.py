"""One HTTP client of one API server: its requests, what they answer, and what their failures mean."""
