"""Sound through a model while it is made: microphone or file in, speaker or file out, controls on the way."""
