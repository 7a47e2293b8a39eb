"""The geometry of the report's plots: from numbers to paths and ticks, in the units of an SVG's viewBox."""
