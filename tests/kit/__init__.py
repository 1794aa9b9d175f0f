"""What several test modules use; there are no tests in here."""
