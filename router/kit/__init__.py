"""The kit for connector authors: new packages from templates, and the conformance suite's verdict on a package."""
