"""From candidates to a finished prompt: plan, pack, render. Pure: no I/O, no clock, no settings."""

from context_manager.context.candidates import choose, memory_pieces
from context_manager.context.dialogue import Dialogue, joined
from context_manager.context.pack import Packed, pack
from context_manager.context.pieces import Piece, Plan, entry_piece, input_piece, turn_pieces
from context_manager.context.slots import account, missed

__all__ = [
    "Dialogue",
    "Packed",
    "Piece",
    "Plan",
    "account",
    "choose",
    "entry_piece",
    "input_piece",
    "joined",
    "memory_pieces",
    "missed",
    "pack",
    "turn_pieces",
]
