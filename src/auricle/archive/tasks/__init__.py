"""What is done to one file of many: a verb with its options, sent to the processes that work."""
