"""The GraphQL schema: one module a resource, every root field guarded by an action."""
