"""What lies on disk: system matrices, parameter tables, background series, weights, imports and manifests."""
