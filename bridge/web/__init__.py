"""What a browser and Prometheus see of a gateway that runs: HTTP on ``admin.web``."""
