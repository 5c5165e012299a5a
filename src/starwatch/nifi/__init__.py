"""The flow of 2021 on Apache NiFi: from MQTT or HTTP, JSON to CSV, to Kafka or HTTP.

parts       what a flow is made of, as values
edges       where messages come from and go to, read from addresses
flow        the flow itself
definition  the same as NiFi imports it
rest        a client of NiFi's REST API
bundles     which processors a NiFi has
deploy      a flow on a running NiFi, made, mended or left as it is
running     services enabled, processors started, and seen to work
"""
