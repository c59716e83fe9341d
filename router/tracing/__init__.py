"""W3C trace context and OpenTelemetry spans, from a request to a sink's answer."""
