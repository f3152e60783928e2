"""The commands, grouped by what they are for. Each is a function of an `Invocation`."""
