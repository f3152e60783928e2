"""Decides nothing: it holds the bundled sample history, read as package data, and knows no code.

The history is invented from beginning to end: eight months between one fictional user and an
assistant, with facts that change, preferences that are corrected, code, German and Japanese.

``conversation.jsonl``: one message per line, in time order, UTF-8::

    {"session": "s01", "time": "2025-03-03T07:12:00Z", "role": "user" | "assistant",
     "name": null | speaker, "content": text}

Times are UTC. ``name`` is set only where somebody other than the usual user speaks.

``questions.json``: questions whose answers lie at least a month before the last message::

    {"question": text, "answer": text | null, "evidence": [line, ...], "key": [phrase, ...],
     "kind": "single" | "multi" | "changed" | "time" | "language" | "none"}

``evidence`` counts the lines of ``conversation.jsonl`` from 1; ``key[i]`` stands both in the
message on line ``evidence[i]`` and in the answer (upper and lower case apart). A ``null`` answer
means the history holds none, and then there is no evidence.
"""
