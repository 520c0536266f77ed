"""Benchmarks are run by hand (`mentoring bench …`) and print ratios measured in one run; they are never timed tests."""
