"""The helper library of the course kit: what the lessons need and do not teach."""
