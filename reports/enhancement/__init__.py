"""The AI-enhanced part of a report: asked for, written, verified. It never changes a number."""
