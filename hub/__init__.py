"""Services for a class: kernels with environments of their own, and dashboards."""
