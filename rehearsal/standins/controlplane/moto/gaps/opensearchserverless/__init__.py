"""OpenSearch Serverless: checks, stores and returns collections, their policies and their VPC endpoints.

moto implements a part and checks no policy. This replaces the whole control plane that a deployment calls.
Requests are validated against AWS's own API model (request), policies against the syntax in the developer guide
(syntax). https://docs.aws.amazon.com/opensearch-service/latest/ServerlessAPIReference/API_Operations.html
"""

from . import collections, endpoints, policies  # noqa: F401
