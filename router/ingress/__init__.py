"""The HTTP port that webhooks are pushed to: limits, deadlines, answers; what a request means is the receiver's."""
