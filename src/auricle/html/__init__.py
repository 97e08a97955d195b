"""Pages that hold everything they show: what the demo and a run's page have in common."""

from auricle.html.document import asset, document
from auricle.html.escape import escape
from auricle.html.players import PlayerClip, flac, player
from auricle.html.spectrogram import Spectrograph, require_pictures

__all__ = ["PlayerClip", "Spectrograph", "asset", "document", "escape", "flac", "player", "require_pictures"]
