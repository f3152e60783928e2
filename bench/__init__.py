"""Measurements that anyone can repeat; none of them runs inside the tests."""
