"""The Prometheus exporter: targets of the configuration, probed when they are scraped."""
