"""Admission: is it readable, was it seen before, is it too late; and the two books (§6).

Pure: no clock, no I/O, no logging, no settings; time is an argument.
"""
