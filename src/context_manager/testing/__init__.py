"""Test doubles and contract suites for those who build on this package."""
