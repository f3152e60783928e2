"""What each route does. Handlers get a `Call` and return an answer; they know no HTTP framework."""
