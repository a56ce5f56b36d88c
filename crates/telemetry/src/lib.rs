//! How each of our processes speaks to journald, the Collector and Prometheus.
