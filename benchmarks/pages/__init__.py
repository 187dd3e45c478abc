"""The site that is measured: an app that knows nothing of schemata."""
