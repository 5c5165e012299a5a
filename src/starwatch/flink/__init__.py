"""The same job on Apache Flink: SQL made from the settings, submitted, watched and stopped.

PyFlink is never imported here: it lives in a Python environment of its own.

    job         what is submitted: a name, settings of Flink, SQL statements
"""
