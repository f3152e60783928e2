"""What a manager does, by hooks: a report, lines of JSON, and a hook of one's own.

A hook is any function of one argument; it is told of every operation with its stages, in counts
and lengths, never with what was said. The library configures no logging; the application does,
here.
"""

import json
import logging
import sys
from collections import Counter

from context_manager import ContextManager, Operation
from context_manager.monitoring import JsonLog, Monitor

seconds_by_stage: Counter[str] = Counter()


def time_stages(operation: Operation) -> None:
    """Add up where the time of builds goes."""
    if operation.name == "build":
        for stage in operation.stages:
            seconds_by_stage[stage.name] += stage.seconds


def main() -> None:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(name)s %(message)s")
    monitor = Monitor()
    cm = ContextManager(hooks=[monitor, time_stages, JsonLog()])
    cm.pin("Quote prices without tax.")
    for item in ("hinges", "brass screws", "oak boards", "wood glue", "hinges again"):
        cm.build_context(f"What did the customer say about {item}?")
        cm.observe(f"The customer wants a quote for {item}.", f"I added {item} to the quote.")

    for stage, seconds in seconds_by_stage.most_common():
        print(f"{stage:8} {seconds * 1000:8.1f} ms")
    report = monitor.report(cm.config, cm.get_stats())
    print(json.dumps(report, indent=2))
    assert report["performance"]["total_operations"] == 5
    assert report["errors"]["error_rate"] == 0.0


if __name__ == "__main__":
    main()
