"""What many users and several processes on one PostgreSQL cost."""
