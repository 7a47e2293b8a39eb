"""What Kubernetes and Istio objects are: their kinds, how to read one, and their well-known names.

Pure, and shared by who asks an API (`kube`, `steps`) and who answers for one (`sandbox`), so that both hold the same
opinion of an object.
"""
