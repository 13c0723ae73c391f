"""OpenSearch Serverless: collections, their policies and their VPC endpoints are checked, kept and given back.

moto has a part of it, and checks no policy; here the whole control plane that a deployment calls is written anew. A request is
held to AWS's own model of the API (request), a policy to what the developer guide says of its syntax (syntax).
https://docs.aws.amazon.com/opensearch-service/latest/ServerlessAPIReference/API_Operations.html
"""

from . import collections, endpoints, policies  # noqa: F401
