"""What counts the requests to a Service: what a source answers, and each source.

A source is read again and again. It tells the counters of each client, as far as it knows clients, and who is missing.

source     what any of them answers
around     the pods that it is asked about
clients    the proxies beside the clients, as the next two read them
envoy      the clients' sidecars: which client pod calls which server pod
linkerd    the clients' Linkerd proxies: which client pod calls which server pod
istio      the servers' sidecars: which workload calls which server pod
app        the servers' own metrics: how many call which server pod
log        the servers' logs: which client pod calls which server pod, if a line has its address
probe      the TCP connections of the servers, by containers that are added for it: about how many requests
connections  the servers' tables of sockets: which client pod is connected to which server pod
together   the counters of one that knows no callers, with the connections
choice     the one that the user asks for, or the best that can be read
sidecars   which pods have a sidecar that can be asked, and where
pod_log    the log of a container, followed
callers    which client pod has an address
pages      what a pod is asked by a request to one of its ports
polls      how many pods are asked, and what if one is silent
"""
