"""Settings that follow what prompts cost.

An adaptive manager measures its builds and turns `recent_k`, `ltm_hits_k` and the token budget as
its policy decides; this one holds prompts at about 600 tokens. Every decision is kept.
"""

from context_manager import AdaptiveContextManager, Config, MemoryConfig
from context_manager.adaptive import TargetPolicy


def main() -> None:
    config = Config(memory=MemoryConfig(prompt_token_budget=2000))
    cm = AdaptiveContextManager(config, policy=TargetPolicy(tokens=600, window=10))
    for number in range(100):
        cm.observe(f"Sample {number} weighs {number * 3} grams and is dry.", "Recorded.")
    for number in range(60):
        context = cm.build(f"What do we know about sample {number}?")
        assert context.tokens <= context.budget

    for decision in cm.adaptation.decisions:
        print(decision.reason, "->", decision.knobs)
    print(cm.get_adaptation_stats())
    assert cm.config.memory.prompt_token_budget < 800
    assert context.tokens < 700

    cm.adaptation.freeze()  # from here on the settings stay


if __name__ == "__main__":
    main()
