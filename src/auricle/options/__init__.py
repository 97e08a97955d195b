"""Options that the command line and Python share: frozen dataclasses, one file for each job, written down once.

A verb takes the fields of such a class as its options, the function behind it takes the class.
"""
