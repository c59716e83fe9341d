"""The products that ours is measured against, each built or fetched by itself."""
