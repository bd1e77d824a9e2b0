"""Who may do what: CAM policies in the Casbin language, decided from immutable snapshots.

Pure: no database and no web. The only files read are the policy files themselves.
"""
