"""How much of the needed evidence a built context holds, per token: `python -m bench.quality`."""
