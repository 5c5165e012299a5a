"""Windows over event or arrival time: specs, panes, watermark, operator (architecture §5).

Pure: no clock, no I/O, no logging, no settings; time is an argument.
"""
