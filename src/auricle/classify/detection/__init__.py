"""Events in long recordings: which class is heard from when to when."""
