"""The loop that every run goes through: tasks, workers, schedule, checkpoints."""
