"""The account of a packed plan: every slot with its exact cost, and the best of what stayed out."""

from __future__ import annotations

from operator import itemgetter

from context_manager.context.pack import Packed
from context_manager.context.pieces import Piece
from context_manager.records import NearMiss, Slot

NEAR_MISSES = 10
SHOWN_STAGES = 3
ROOM_LEFT = "little speaks for it, but there was room"


def account(packed: Packed) -> tuple[tuple[Slot, ...], tuple[NearMiss, ...]]:
    """Slots in reading order, and near misses best first."""
    costs = [
        total - before
        for total, before in zip(packed.totals, (0, *packed.totals[:-1]), strict=True)
    ]
    slots = tuple(
        _slot(piece, part, cost)
        for piece, part, cost in zip(packed.pieces, packed.parts, costs, strict=True)
    )
    return slots, tuple(_near_miss(piece, reason) for piece, reason in missed(packed))


def missed(packed: Packed) -> list[tuple[Piece, str]]:
    """The best of what stayed out, each with the reason."""
    ranked = sorted(
        (item for item in packed.left_out if item[0].section != "recent" and item[0].entry_id),
        key=lambda item: -(item[0].score or 0.0),
    )
    return ranked[:NEAR_MISSES]


def _slot(piece: Piece, part: str, cost: int) -> Slot:
    return Slot(
        section=piece.section,
        text=part,
        tokens=cost,
        reason=_ranked(piece) + piece.reason,
        entry_id=piece.entry_id,
        turn_id=piece.turn_id,
        score=piece.score,
        stages=dict(piece.stages),
        kind=piece.kind,
        speaker=piece.speaker or None,
        timestamp=piece.timestamp,
        trust=None if piece.trust is None else piece.trust.name.lower(),
        source_ids=piece.source_ids,
        cut=piece.cut,
    )


def _ranked(piece: Piece) -> str:
    """Why a ranked piece is in: its place, and the stages that spoke for it most; else ""."""
    if piece.rank is None:
        return ""
    best = sorted(piece.stages.items(), key=itemgetter(1), reverse=True)[:SHOWN_STAGES]
    parts = ", ".join(f"{name} {value:+.2f}" for name, value in best if value > 0)
    return f"ranked {piece.rank + 1}: {parts or ROOM_LEFT}"


def _near_miss(piece: Piece, reason: str) -> NearMiss:
    return NearMiss(
        entry_id=piece.entry_id or "",
        text=piece.text,
        tokens=piece.tokens,
        reason=reason,
        score=piece.score or 0.0,
        stages=dict(piece.stages),
    )
