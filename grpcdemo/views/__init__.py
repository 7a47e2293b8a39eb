"""From model to picture or document: pure functions without input or output."""
