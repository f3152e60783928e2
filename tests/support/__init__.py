"""What tests of several folders share; `from support... import ...` works in any of them."""
