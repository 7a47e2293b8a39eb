"""From model to text, HTML or JSON: pure functions without input or output."""
