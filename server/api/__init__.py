"""The APIs programs call: with SecretId and SecretKey (v3), and with AppID and AppKey (v5)."""
