"""From model to picture or JSON: pure functions that neither read nor write anything."""
